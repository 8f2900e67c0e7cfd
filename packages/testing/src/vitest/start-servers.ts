import type { TestProject } from 'vitest/node';
import { isUnavailable, type RunningServer, startKafka, startMongo, type Unavailable } from '../servers/index.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port`, or undefined when there is none. */
    kafkaBrokers: string | undefined;
    /** A connection string, or undefined when there is none. */
    mongoUrl: string | undefined;
  }
}

/** Vitest's global setup for `*.servers.test.ts`: one Kafka and one MongoDB for all of them; each isolates itself by names. */
export default async function startServers(project: TestProject): Promise<() => Promise<void>> {
  const report = (line: string) => process.stderr.write(`${line}\n`);
  const [kafka, mongo] = await Promise.all([startKafka({ report }), startMongo({ report })]);
  project.provide('kafkaBrokers', addressOf('Kafka', kafka));
  project.provide('mongoUrl', addressOf('MongoDB', mongo));
  return async () => {
    for (const server of [kafka, mongo]) if (!isUnavailable(server)) await server.stop();
  };
}

/** A missing server fails the run where all are required (`TRIBUTARY_REQUIRE_SERVERS=1`), else its tests are skipped. */
function addressOf(name: string, server: RunningServer | Unavailable): string | undefined {
  if (!isUnavailable(server)) return server.url;
  const sentence = `The tests that need ${name} do not run: ${server.unavailable}`;
  if (process.env['TRIBUTARY_REQUIRE_SERVERS'] === '1') throw new Error(sentence);
  process.stderr.write(`${sentence}\n`);
  return undefined;
}
