import {
  type Actor,
  ActorKind,
  type AgentApi,
  type CallOptions,
  type RoutingApi,
  type TicketApi,
} from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';

/** Where text goes. */
interface TextSink {
  write(text: string): unknown;
  /** Columns of the terminal. Absent when it is none: nothing is shortened then. */
  readonly columns?: number;
}

/** What commands reach. Each connects at its first use. Failures of a call reject with CommandFailure or StatusError. */
export interface Connections {
  tickets(): Promise<TicketApi>;
  agents(): Promise<AgentApi>;
  routing(): Promise<RoutingApi>;
  /** @param create Makes the embedded log's folder when it is not there; without it, that is a failure. */
  log(options?: { readonly create?: boolean }): Promise<EventLog>;
}

/** Everything a command needs from outside, so that tests run it without a process. */
export interface CliContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The result, and nothing but the result. */
  readonly stdout: TextSink;
  /** Everything else: progress, hints, errors. */
  readonly stderr: TextSink;
  readonly connections: Connections;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
  /** The operating system's name of the user. */
  readonly userName: string;
  /** Where relative file names begin. */
  readonly workingDirectory: string;
  /** A new id, never given before. */
  newId(): string;
  readStdin(): Promise<string>;
}

/** Options that every command knows. */
export interface GlobalOptions {
  readonly json?: true;
  readonly actor: string;
  readonly actorName?: string;
  /** Milliseconds a server has to answer. */
  readonly timeout: number;
}

/** Deadline and cancellation of a call. */
export function callOptions(context: CliContext, options: GlobalOptions): CallOptions {
  return { timeoutMs: options.timeout, signal: context.signal };
}

/** The agent in whose name a command is given. */
export function actorOf({ actor, actorName = '' }: GlobalOptions): Actor {
  return { kind: ActorKind.ACTOR_KIND_AGENT, id: actor, displayName: actorName };
}
