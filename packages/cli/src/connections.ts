import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { EventLog } from '@tributary/eventlog';
import type { GrpcChannel, GrpcSecurity } from '@tributary/runtime';
import type { Connections } from './context.ts';
import { toFailure, unavailableFailure } from './failure.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Connections as the environment names them: TICKETING_ADDRESS and ROUTER_ADDRESS, else localhost:GRPC_PORT, by mutual TLS when
 * TLS_CERT_FILE and its like are set, with the token of TRIBUTARY_TOKEN; Kafka when
 * KAFKA_BROKERS is set, else the embedded log in TRIBUTARY_DATA_DIR.
 *
 * Modules are loaded when they are needed: gRPC and Kafka take longer to load than most commands to run.
 */
export function openConnections(environment: Environment): Connections & AsyncDisposable {
  const channels = new Map<string, GrpcChannel>();
  let security: GrpcSecurity | undefined;
  let eventLog: Promise<EventLog> | undefined;

  async function channelTo(variable: string): Promise<{ address: string; channel: GrpcChannel }> {
    const address = environment[variable] || `localhost:${environment['GRPC_PORT'] || 50051}`;
    const { connectGrpc, createLogger, openGrpcSecurity, systemClock } = await import('@tributary/runtime');
    const logger = createLogger('tributary', 'silent');
    security ??= openGrpcSecurity(environment, { services: [], clock: systemClock, logger });
    const { certificates, token } = security;
    const channel = channels.get(address) ?? connectGrpc(address, { certificates, token });
    channels.set(address, channel);
    return { address, channel };
  }

  return {
    async tickets() {
      const { TicketServiceService } = await import('@tributary/contracts');
      const { address, channel } = await channelTo('TICKETING_ADDRESS');
      return explained(channel.api(TicketServiceService), address);
    },
    async agents() {
      const { AgentServiceService } = await import('@tributary/contracts');
      const { address, channel } = await channelTo('ROUTER_ADDRESS');
      return explained(channel.api(AgentServiceService), address);
    },
    async routing() {
      const { RoutingServiceService } = await import('@tributary/contracts');
      const { address, channel } = await channelTo('ROUTER_ADDRESS');
      return explained(channel.api(RoutingServiceService), address);
    },
    log({ create = false } = {}) {
      eventLog ??= openLog(environment, create);
      return eventLog;
    },
    async [Symbol.asyncDispose]() {
      await security?.[Symbol.asyncDispose]();
      for (const channel of channels.values()) await channel[Symbol.asyncDispose]();
      const opened = await eventLog?.catch(() => undefined);
      await opened?.[Symbol.asyncDispose]();
    },
  };
}

async function openLog(environment: Environment, create: boolean): Promise<EventLog> {
  if (environment['KAFKA_BROKERS']) {
    const { readKafkaConnection } = await import('@tributary/runtime');
    const connection = readKafkaConnection(environment);
    await mustAnswer(connection.brokers);
    const { openKafkaLog } = await import('@tributary/eventlog/kafka');
    return openKafkaLog({ ...connection, clientId: 'tributary-cli' });
  }
  const folder = join(environment['TRIBUTARY_DATA_DIR'] || '.data', 'log');
  if (!create && !existsSync(folder)) {
    throw unavailableFailure(
      `There is no event log in ${folder}. Start Tributary (npm start), or say where it is with TRIBUTARY_DATA_DIR or KAFKA_BROKERS.`,
    );
  }
  const { openEmbeddedLog } = await import('@tributary/eventlog/embedded');
  return openEmbeddedLog({ folder });
}

/** The log waits for brokers as long as it takes; somebody at a terminal wants to know. */
async function mustAnswer(brokers: readonly string[]): Promise<void> {
  const attempts = brokers.map(async (broker) => {
    const { hostname, port } = new URL(`kafka://${broker}`);
    const socket = connect({ host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) });
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(5000) });
    } finally {
      socket.destroy();
    }
  });
  await Promise.any(attempts).catch((error: unknown) => {
    throw unavailableFailure(`Kafka does not answer at ${brokers.join(', ')}. KAFKA_BROKERS names it.`, error);
  });
}

/** The same functions, their failures told with the address that was called. */
function explained<Functions extends object>(functions: Functions, address: string): Functions {
  const wrapped = Object.entries(functions).map(([name, call]) => [
    name,
    async (...given: unknown[]) => {
      try {
        const answer = await (call as (...given: unknown[]) => Promise<unknown>)(...given);
        return isStream(answer) ? explainedStream(answer, address) : answer;
      } catch (error) {
        throw toFailure(error, address);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as Functions;
}

function isStream(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
}

async function* explainedStream(stream: AsyncIterable<unknown>, address: string): AsyncGenerator<unknown> {
  try {
    yield* stream;
  } catch (error) {
    throw toFailure(error, address);
  }
}
