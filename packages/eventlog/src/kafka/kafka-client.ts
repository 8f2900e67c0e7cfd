import type { KafkaConnection, Logger } from '@tributary/runtime';
import kafkajs, { type Kafka, type logLevel, type RetryOptions, type SASLOptions } from 'kafkajs';

interface KafkaClientOptions {
  readonly connection: KafkaConnection;
  readonly clientId: string;
  readonly logger: Logger | undefined;
}

// Named in full: kafkajs has other defaults when NODE_ENV is "test".
export const kafkaRetry: RetryOptions = {
  initialRetryTime: 100,
  maxRetryTime: 2000,
  factor: 0.2,
  multiplier: 2,
  retries: 5,
};

/**
 * A kafkajs client. Every consumer needs its own: kafkajs keeps the offsets of a group per client, so that two members of
 * one group in one client would overwrite each other's.
 */
export function createKafka({ connection: { brokers, tls, sasl }, clientId, logger }: KafkaClientOptions): Kafka {
  return new kafkajs.Kafka({
    clientId,
    brokers: [...brokers],
    ...(tls && { ssl: { ...tls } }),
    ...(sasl && { sasl: { ...sasl } as SASLOptions }),
    connectionTimeout: 3000,
    requestTimeout: 15_000,
    retry: kafkaRetry,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, timestamp: _, logger: __, ...details } = entry.log;
      // What kafkajs calls an error it mostly retries; what it does not, we log where it surfaces.
      if (isWorthALine(entry.level)) logger?.warn({ kafkajs: details, namespace: entry.namespace }, message);
    },
  });
}

function isWorthALine(level: logLevel): boolean {
  return level === kafkajs.logLevel.ERROR || level === kafkajs.logLevel.WARN;
}
