import type { Metadata } from '@grpc/grpc-js';
import type { Caller } from './callers.ts';
import type { AgentServiceService } from './gen/tributary/agents/v1/agents.ts';
import type { RoutingServiceService } from './gen/tributary/routing/v1/routing.ts';
import type { TicketServiceService } from './gen/tributary/tickets/v1/tickets.ts';

/** What a caller may say about one call. */
export interface CallOptions {
  /** Milliseconds until the call is given up with DEADLINE_EXCEEDED. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly metadata?: Metadata;
  /** Who calls, for the one who is called; a caller's own word for it is never sent. Absent: callers are not checked. */
  readonly caller?: Caller;
}

interface Method {
  readonly responseStream: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: only the return types are read
  readonly requestDeserialize: (bytes: any) => unknown;
  // biome-ignore lint/suspicious/noExplicitAny: only the return types are read
  readonly responseDeserialize: (bytes: any) => unknown;
}

/**
 * A gRPC service as plain asynchronous functions: what a server implements and a client gets, over the network or in one
 * process. Failures reject with `StatusError`. A method that streams its answer returns it as an asynchronous iterable, which ends
 * when the caller's `signal` is aborted.
 */
export type Api<Definition> = {
  [Name in keyof Definition]: Definition[Name] extends Method
    ? (
        request: ReturnType<Definition[Name]['requestDeserialize']>,
        options?: CallOptions,
      ) => Definition[Name]['responseStream'] extends true
        ? AsyncIterable<ReturnType<Definition[Name]['responseDeserialize']>>
        : Promise<ReturnType<Definition[Name]['responseDeserialize']>>
    : never;
};

export type TicketApi = Api<TicketServiceService>;
export type AgentApi = Api<AgentServiceService>;
export type RoutingApi = Api<RoutingServiceService>;
