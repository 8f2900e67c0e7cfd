/** A line of progress for a person: "Building FerretDB, about 75 s". */
export type Report = (line: string) => void;

export interface ServerOptions {
  /** Where downloads and builds are kept. Default: see `cacheDirectory`. */
  readonly cacheDir?: string;
  /**
   * Where the server keeps its data. Default: a fresh temporary directory that `stop()` removes. A directory given here
   * is created when missing and never removed; every user of the machine must be able to enter it.
   */
  readonly dataDir?: string;
  /** The address of this machine that clients are to connect to. Default: one that only this machine can reach. */
  readonly host?: string;
  readonly report: Report;
}

/** A server that answers its protocol, and what a crash test does to it. */
export interface RunningServer {
  /** `host:port` for Kafka, a connection string for MongoDB, `imap://host:port` for Dovecot. */
  readonly url: string;
  readonly how: 'environment' | 'docker' | 'local';
  /**
   * The server's main processes on this machine, changed by `restart()`; empty when it does not run here.
   * For MongoDB: FerretDB first, then PostgreSQL.
   */
  readonly pids: readonly number[];
  /** Ends the server in order and removes its temporary data. A second call does nothing. */
  stop(): Promise<void>;
  /** SIGKILLs every process of the server at once. Nothing is flushed; `restart()` brings it back. */
  kill(): void;
  /**
   * Brings the server up again on the same port and data, and waits until it answers. A server that is still running is
   * ended in order first.
   */
  restart(): Promise<void>;
}

/** Why there is no server, as a sentence a developer can act on. */
export type Unavailable = { readonly unavailable: string };

export function isUnavailable(result: object): result is Unavailable {
  return 'unavailable' in result;
}

/** Thrown while something is being prepared; `startKafka` and the others turn it into `Unavailable`. */
export class CannotProvide extends Error {
  override readonly name = 'CannotProvide';
}

/** Runs `work`; what it cannot provide becomes `Unavailable`, every other error is thrown on. */
export async function orUnavailable<T>(work: () => Promise<T>): Promise<T | Unavailable> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CannotProvide) return { unavailable: error.message };
    throw error;
  }
}

/** A server somebody else runs, named by an environment variable. It is used as it is and never touched. */
export function environmentServer(url: string, variable: string, report: Report): RunningServer {
  const leftAlone = (what: string) => report(`${what} is ignored: ${variable} names a server that is not ours`);
  return {
    url,
    how: 'environment',
    pids: [],
    stop: async () => {},
    kill: () => leftAlone('kill()'),
    restart: async () => leftAlone('restart()'),
  };
}
