import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  Client,
  credentials,
  experimental,
  InterceptingCall,
  type Interceptor,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import {
  type Api,
  type CallOptions,
  decodeStatusDetails,
  encodeStatusDetails,
  StatusError,
  statusDetailsKey,
  unauthenticated,
} from '@tributary/contracts';
import { HealthImplementation } from 'grpc-health-check';
import type { Certificates } from './certificates.ts';
import { addReflection } from './grpc-reflection.ts';
import type { Logger } from './logger.ts';
import type { Service } from './service.ts';
import type { Admission, Authenticate } from './tokens.ts';

type Method = (request: unknown, options: CallOptions) => Promise<unknown> | AsyncIterable<unknown>;

/** One gRPC service and what implements it. */
export interface GrpcBinding {
  /** Full protobuf name, for example `tributary.tickets.v1.TicketService`. */
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly implementation: Readonly<Record<string, Method>>;
}

/** Binds an implementation to its generated definition, with their types checked. */
export function bindGrpc<Definition extends object>(
  name: string,
  definition: Definition,
  implementation: Api<Definition>,
): GrpcBinding {
  return {
    name,
    definition: definition as unknown as ServiceDefinition,
    implementation: implementation as unknown as GrpcBinding['implementation'],
  };
}

export interface GrpcServerOptions {
  readonly bindings: readonly GrpcBinding[];
  readonly host: string;
  /** 0 takes a free one; `port` of the result tells which. */
  readonly port: number;
  readonly logger: Logger;
  /** Encrypts, and lets in only who has a certificate of the same authority. Absent: plaintext. */
  readonly certificates?: Certificates | undefined;
  /** Lets in only calls that it knows the caller of; health and reflection are open to all. Absent: callers are not checked. */
  readonly authenticate?: Authenticate | undefined;
}

/** Largest message in bytes, both ways: a batch of 1,000 long mails fits. */
const maxMessageBytes = 64 * 1024 * 1024;

/** A gRPC server with health (grpc.health.v1) and reflection. Stopping lets running calls finish for 5 s. */
export function createGrpcServer(options: GrpcServerOptions): Service & { readonly port: number } {
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    // Clients ask for the address anew and find replicas that came since. Running calls are not cut.
    'grpc.max_connection_age_ms': 60_000,
  });
  const health = new HealthImplementation({ '': 'NOT_SERVING' });
  let port = 0;
  const announce = (state: 'SERVING' | 'NOT_SERVING') => {
    for (const name of ['', ...options.bindings.map((binding) => binding.name)]) health.setStatus(name, state);
  };
  return {
    get port() {
      return port;
    },
    async start() {
      for (const { definition, implementation } of options.bindings) {
        server.addService(definition, handlersOf(definition, implementation, options));
      }
      health.addToServer(server);
      addReflection(server);
      const { certificates } = options;
      const secrets = certificates
        ? experimental.createCertificateProviderServerCredentials(certificates, certificates, true)
        : ServerCredentials.createInsecure();
      port = await new Promise<number>((resolve, reject) => {
        server.bindAsync(`${options.host}:${options.port}`, secrets, (error, bound) =>
          error ? reject(error) : resolve(bound),
        );
      });
      announce('SERVING');
    },
    async stop() {
      announce('NOT_SERVING');
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => server.forceShutdown(), 5000);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      });
    },
    problems: () => [],
  };
}

function handlersOf(
  definition: ServiceDefinition,
  implementation: Readonly<Record<string, Method>>,
  { authenticate, logger }: GrpcServerOptions,
) {
  return Object.fromEntries(
    Object.entries(definition).map(([name, { responseStream }]) => {
      const method = implementation[name];
      if (method === undefined) throw new Error(`${name} is not implemented`);
      const begin = (
        call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>,
        admission: Admission | undefined,
      ) => {
        const abort = new AbortController();
        call.on('cancelled', () => abort.abort());
        if (call.cancelled) abort.abort();
        return method(call.request, {
          signal: abort.signal,
          metadata: call.metadata,
          ...(admission && { caller: admission.caller }),
        });
      };
      const answer = async (call: ServerUnaryCall<unknown, unknown>) =>
        begin(call, await authenticate?.(call.metadata));
      const unary = (call: ServerUnaryCall<unknown, unknown>, respond: sendUnaryData<unknown>) =>
        void answer(call).then(
          (response) => respond(null, response),
          (error: unknown) => respond(toServiceError(error, name, logger)),
        );
      const streaming = async (call: ServerWritableStream<unknown, unknown>) => {
        try {
          const admission = await authenticate?.(call.metadata);
          for await (const message of begin(call, admission) as AsyncIterable<unknown>) {
            if (admission?.hasExpired()) throw unauthenticated('the token has expired');
            if (!call.write(message)) await Promise.race([once(call, 'drain'), once(call, 'cancelled')]);
            if (call.cancelled) return;
          }
          call.end();
        } catch (error) {
          call.emit('error', toServiceError(error, name, logger));
        }
      };
      return [name, responseStream ? (call: Parameters<typeof streaming>[0]) => void streaming(call) : unary];
    }),
  );
}

function toServiceError(error: unknown, method: string, logger: Logger): Partial<ServiceError> {
  if (error instanceof StatusError) {
    const metadata = new Metadata();
    if (error.violations.length > 0) metadata.set(statusDetailsKey, encodeStatusDetails(error));
    return { code: error.code, details: error.message, metadata };
  }
  const reference = randomUUID();
  logger.error({ err: error, method, reference }, 'call failed');
  return { code: status.INTERNAL, details: `internal error, reference ${reference}` };
}

/** A connection to another service's gRPC address. */
export interface GrpcChannel extends AsyncDisposable {
  /** The service behind this address as plain asynchronous functions. Failures reject with StatusError. */
  api<Definition extends object>(definition: Definition): Api<Definition>;
}

export interface GrpcChannelOptions {
  /** Deadline of a call that names none. Default 10 s. */
  readonly defaultTimeoutMs?: number;
  /** Encrypts, shows our certificate, and checks the server's: it must name the host of the address. Absent: plaintext. */
  readonly certificates?: Certificates | undefined;
  /** Says in every call who we are. Absent: calls carry no token. */
  readonly token?: (() => Promise<string>) | undefined;
}

/**
 * Connects lazily and again after a loss. Calls go round all addresses that the name has, as a headless Service gives them: one
 * connection to a virtual address would hold on to one replica.
 * @param address `host:port`, or what else gRPC resolves, such as `ipv4:10.0.0.1:50051,10.0.0.2:50051`.
 */
export function connectGrpc(
  address: string,
  { defaultTimeoutMs = 10_000, certificates, token }: GrpcChannelOptions = {},
): GrpcChannel {
  const secrets = certificates
    ? experimental.createCertificateProviderChannelCredentials(certificates, certificates)
    : credentials.createInsecure();
  const client = new Client(address, secrets, {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    // A restarted service is found again within a second, not after the default's two minutes.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    'grpc.dns_min_time_between_resolutions_ms': 2000,
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
    ...(token && { interceptors: [withToken(token)] }),
  });
  return {
    api<Definition extends object>(definition: Definition) {
      const methods = Object.entries(definition as unknown as ServiceDefinition).map(([name, method]) => [
        name,
        method.responseStream
          ? (request: unknown, options: CallOptions = {}) => streamOf(client, method, request, options)
          : (request: unknown, options: CallOptions = {}) =>
              new Promise((resolve, reject) => {
                const call = client.makeUnaryRequest(
                  method.path,
                  method.requestSerialize,
                  method.responseDeserialize,
                  request,
                  options.metadata ?? new Metadata(),
                  { deadline: Date.now() + (options.timeoutMs ?? defaultTimeoutMs) },
                  (error, response) => {
                    options.signal?.removeEventListener('abort', cancel);
                    if (error) reject(fromServiceError(error));
                    else resolve(response);
                  },
                );
                const cancel = () => call.cancel();
                options.signal?.addEventListener('abort', cancel, { once: true });
              }),
      ]);
      return Object.fromEntries(methods) as Api<Definition>;
    },
    async [Symbol.asyncDispose]() {
      client.close();
    },
  };
}

function withToken(token: () => Promise<string>): Interceptor {
  return (options, nextCall) => {
    const call: InterceptingCall = new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        token().then(
          (value) => {
            metadata.set('authorization', `Bearer ${value}`);
            next(metadata, listener);
          },
          (error: Error) =>
            call.cancelWithStatus(status.UNAUTHENTICATED, `there is no token to call with: ${error.message}`),
        );
      },
    });
    return call;
  };
}

/** Without a time of its own it goes on until the caller's signal ends it. */
async function* streamOf(
  client: Client,
  method: ServiceDefinition[string],
  request: unknown,
  { signal, timeoutMs, metadata = new Metadata() }: CallOptions,
): AsyncGenerator<unknown> {
  const call = client.makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
    metadata,
    timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs },
  );
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted) cancel();
  try {
    yield* call;
  } catch (error) {
    if (!signal?.aborted) throw fromServiceError(error as ServiceError);
  } finally {
    signal?.removeEventListener('abort', cancel);
    cancel();
  }
}

function fromServiceError(error: ServiceError): StatusError {
  const [details] = error.metadata?.get(statusDetailsKey) ?? [];
  const violations = Buffer.isBuffer(details) ? decodeStatusDetails(details) : [];
  return new StatusError(error.code, error.details, violations);
}
