import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { dirname, join } from 'node:path';
import { FastifyOtelInstrumentation } from '@fastify/otel';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { MongoDBInstrumentation } from '@opentelemetry/instrumentation-mongodb';
import { PinoInstrumentation } from '@opentelemetry/instrumentation-pino';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { defaultExporters } from './environment.ts';
import { onTelemetryStop } from './stop-telemetry.ts';

/** What imports of ES modules are looked at for; everything else loads as ever. */
const instrumented = ['@grpc/grpc-js', 'mongodb', 'pino'];

/**
 * Starts OpenTelemetry as its standard variables say (exporters, sampler, resource). Spans name operations and ids, never what a
 * customer wrote or is reached by: no statement, no query string, no exception text.
 *
 * Kafka has no instrumentation here but spans of our own in packages/eventlog: kafkajs's would give every record of a coalesced
 * request the trace of whoever came first.
 */
export function startTelemetry(): void {
  Object.assign(process.env, defaultExporters(process.env));
  // Not who started the process and how: a command line may hold anything.
  process.env['OTEL_NODE_RESOURCE_DETECTORS'] ??= 'env,host,os,serviceinstance';
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, { data: { include: instrumented } });
  const sdk = new NodeSDK({
    serviceName: process.env['OTEL_SERVICE_NAME'] || nameOfProgram(process.argv[1] ?? ''),
    instrumentations: [
      new FastifyOtelInstrumentation({
        registerOnInitialization: true,
        recordExceptions: false,
        instrumentHooks: false,
        ignorePaths: ({ url }) => url.startsWith('/health/'),
        requestHook: (span, { routeOptions }) => span.setAttribute('url.path', routeOptions.url ?? ''),
      }),
      new GrpcInstrumentation({ ignoreGrpcMethods: ['Check', 'Watch'] }),
      new MongoDBInstrumentation({ dbStatementSerializer: () => '' }),
      new PinoInstrumentation(),
      new RuntimeNodeInstrumentation(),
    ],
  });
  sdk.start();
  onTelemetryStop(() => sdk.shutdown());
}

/** `router` for …/services/router/src/main.ts: the name in the nearest package.json, without its scope. */
function nameOfProgram(file: string): string {
  for (let folder = dirname(file), parent = ''; folder !== parent; parent = folder, folder = dirname(folder)) {
    try {
      const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string };
      if (name) return name.replace(/^@[^/]+\//, '');
    } catch {
      // Not here; further up.
    }
  }
  return 'tributary';
}
