import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allTopics } from '@tributary/contracts';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { until } from '@tributary/testing';
import { inject, onTestFinished, test } from 'vitest';
import { expectOneTrace, observedSystem, patience } from './one-trace.ts';
import { startServices } from './processes.ts';

const brokers = inject('kafkaBrokers');
const mongoUrl = inject('mongoUrl');

test.skipIf(brokers === undefined || mongoUrl === undefined)(
  'one trace leads through all services, and shows their HTTP requests, gRPC calls, Kafka records and MongoDB commands',
  { timeout: 420_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-telemetry-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const log = await openKafkaLog({ brokers: (brokers ?? '').split(','), clientId: 'telemetry-test' });
    await log.applyTopics(allTopics);
    await log[Symbol.asyncDispose]();
    const database = new URL(mongoUrl ?? '');
    database.pathname = `/telemetry-${randomUUID()}`;
    const system = await observedSystem((environment) =>
      startServices(folder, { ...environment, KAFKA_BROKERS: brokers ?? '', MONGODB_URL: database.href }),
    );
    const traceId = await expectOneTrace(system);
    const { spans } = system.collector;
    await until(
      'spans of every library in the trace',
      () => {
        const of = (service: string) => spans.filter((span) => span.traceId === traceId && span.service === service);
        return (
          of('gateway-social').some(({ scope }) => scope === '@fastify/otel') &&
          of('gateway-social').some(({ attributes }) => attributes['messaging.system'] === 'kafka') &&
          of('router').some(({ name }) => name.includes('IngestMessages')) &&
          of('ticketing').some(({ scope }) => scope.includes('grpc')) &&
          of('ticketing').some(({ scope }) => scope.includes('mongodb'))
        );
      },
      patience,
    );
  },
);
