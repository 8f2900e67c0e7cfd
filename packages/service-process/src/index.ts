import type { BlobStore } from '@tributary/blobstore';
import { openGridFsStore } from '@tributary/blobstore/gridfs';
import type { DocStore } from '@tributary/docstore';
import { openMongoStore } from '@tributary/docstore/mongo';
import type { EventLog } from '@tributary/eventlog';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import {
  composeServices,
  connectGrpc,
  connectionSettings,
  connections,
  createGrpcServer,
  createHttpServer,
  createLogger,
  exitOnFault,
  type GrpcBinding,
  type GrpcChannel,
  type Logger,
  openGrpcSecurity,
  readConfig,
  readKafkaConnection,
  runProcess,
  type Service,
  systemClock,
  watchProgress,
} from '@tributary/runtime';
import type { FastifyPluginAsync } from 'fastify';
import type { z } from 'zod';

/** What a process needs from outside, opened when the service asks for it and closed when the service has stopped. */
export interface ServiceProcess<Settings> {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly clock: typeof systemClock;
  /** Kafka as `KAFKA_BROKERS`, `KAFKA_TLS…` and `KAFKA_SASL_MECHANISM` say. */
  eventLog(): Promise<EventLog>;
  /** MongoDB at `MONGODB_URL`. */
  docStore(): Promise<DocStore>;
  /** GridFS at `MONGODB_URL`. */
  blobStore(): Promise<BlobStore>;
  /**
   * @param service The service that answers there; our token is for it.
   * @param address `host:port`.
   */
  grpc(service: string, address: string): GrpcChannel;
  /**
   * Runs the service, with what it serves, until SIGTERM or SIGINT; then stops in order. Health is at `HTTP_PORT` in any case.
   * Resolves when it is ready.
   */
  run(service: Service & Served): Promise<void>;
}

interface Served {
  readonly http?: FastifyPluginAsync;
  readonly grpc?: readonly GrpcBinding[];
}

/**
 * Begins a process that is one service on the adapters for scale. A service's `main.ts` is this, its `create…`, and `run`.
 * @param more Further variables that say where its neighbours are.
 * @throws ConfigError naming every variable that is wrong. Like every fault before `run` it ends the process with one log line.
 */
export function beginProcess<More extends z.ZodRawShape = Record<never, never>>(
  name: string,
  more: More = {} as More,
): ServiceProcess<z.infer<z.ZodObject<More>>> {
  exitOnFault(createLogger(name));
  const { MONGODB_URL, KAFKA_BROKERS: _, ...everywhere } = connectionSettings;
  const { LOG_LEVEL, ...where } = readConfig(everywhere, process.env);
  const kafka = readKafkaConnection(process.env);
  const settings = readConfig(more, process.env);
  // Read when it is asked for: a service without documents does without.
  const mongo = () => ({ url: readConfig({ MONGODB_URL }, process.env).MONGODB_URL });
  const logger = createLogger(name, LOG_LEVEL);
  const security = openGrpcSecurity(process.env, { name, services: [name], clock: systemClock, logger });
  const opened: (AsyncDisposable & Partial<Pick<EventLog, 'inHand' | 'problems'>>)[] = [security];
  const keep = <T extends AsyncDisposable>(connection: T): T => {
    opened.push(connection);
    return connection;
  };
  return {
    settings,
    logger,
    clock: systemClock,
    eventLog: async () => keep(await openKafkaLog({ ...kafka, clientId: name, logger })),
    docStore: async () => keep(await openMongoStore({ ...mongo(), logger })),
    blobStore: async () => keep(await openGridFsStore(mongo())),
    grpc: (service, address) =>
      keep(connectGrpc(address, { certificates: security.certificates, token: security.tokenFor(service) })),
    async run(service) {
      const { http, grpc } = service;
      const { HOST: host, GRPC_PORT, HTTP_PORT, TRUST_PROXY: trustProxy } = where;
      const parts: Required<Service> = composeServices([
        connections(...opened),
        service,
        ...(grpc === undefined
          ? []
          : [createGrpcServer({ bindings: grpc, host, port: GRPC_PORT, logger, ...security })]),
        createHttpServer({
          plugins: http === undefined ? [] : [http],
          ...{ host, trustProxy, logger },
          port: HTTP_PORT,
          problems: () => parts.problems(),
          providerProblems: () => parts.providerProblems(),
          stuck: watchProgress({
            clock: systemClock,
            work: () => opened.flatMap((connection) => connection.inHand?.() ?? []),
            away: () => opened.some((connection) => (connection.problems?.() ?? []).length > 0),
          }),
        }),
      ]);
      await runProcess(parts, logger);
    },
  };
}
