import { stopTelemetry } from './telemetry/stop-telemetry.ts';

interface FatalLogger {
  fatal(error: unknown, text: string): void;
}

/** What runs: a service, a consumer, a server. */
export interface Service {
  /** Begins to work. Resolves when ready. Called once. */
  start(): Promise<void>;
  /** Finishes what is in hand and frees everything. Resolves when nothing runs any more. Calling it again is harmless. */
  stop(): Promise<void>;
  /** Problems that keep it from its work right now, in words. Empty when all is well. */
  problems(): readonly string[];
  /**
   * What providers do not do for it right now, in words: a refused login, a platform that is away. It is ready all the same: what
   * comes in is taken, what goes out waits. Absent: it has no provider.
   */
  providerProblems?(): readonly string[];
}

/** Several parts as one service: started in order, stopped in reverse order, also when a start fails half-way. */
export function composeServices(parts: readonly Service[]): Required<Service> {
  const started: Service[] = [];
  return {
    async start() {
      try {
        for (const part of parts) {
          started.push(part);
          await part.start();
        }
      } catch (error) {
        await this.stop();
        throw error;
      }
    },
    async stop() {
      const failures: unknown[] = [];
      for (let part = started.pop(); part !== undefined; part = started.pop()) {
        await part.stop().catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw new AggregateError(failures, 'stopping failed');
    },
    problems: () => started.flatMap((part) => part.problems()),
    providerProblems: () => started.flatMap((part) => part.providerProblems?.() ?? []),
  };
}

/**
 * The stores and channels that services use, as the first part of a composition: freed when all others have stopped.
 * Their problems count as the composition's.
 */
export function connections(...opened: readonly (AsyncDisposable & { problems?(): readonly string[] })[]): Service {
  return {
    start: async () => {},
    async stop() {
      await Promise.all(opened.map((connection) => connection[Symbol.asyncDispose]()));
    },
    problems: () => opened.flatMap((connection) => connection.problems?.() ?? []),
  };
}

/**
 * From here on a fault that nothing handles is one log line and the end of the process with code 1, so that whoever supervises it
 * starts it anew. Call it first: what fails before the service runs, as documents that it cannot read, is said in the same way.
 */
export function exitOnFault(logger: FatalLogger): void {
  const fail = failing(logger);
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
}

/**
 * Runs a service as this process until SIGTERM or SIGINT, then stops it in order: exit code 0, or 1 when that fails or takes
 * longer than `graceMs`, before a supervisor's patience ends in SIGKILL without a word. A second signal ends at once.
 */
export async function runProcess(
  service: Service,
  logger: FatalLogger & { info(text: string): void },
  { graceMs = 30_000 } = {},
): Promise<void> {
  const fail = failing(logger);
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(130);
    stopping = true;
    logger.info('stopping');
    setTimeout(() => fail(new Error(`did not stop within ${graceMs} ms`)), graceMs);
    service
      .stop()
      .then(stopTelemetry)
      .then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    await service.start();
  } catch (error) {
    fail(error);
  }
}

function failing(logger: FatalLogger): (error: unknown) => never {
  return (error) => {
    logger.fatal(error, 'fatal');
    process.exit(1);
  };
}
