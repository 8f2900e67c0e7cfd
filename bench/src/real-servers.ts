import {
  isUnavailable,
  type RunningServer,
  startKafka,
  startMongo,
  type Unavailable,
} from '@tributary/testing/servers';

// One Kafka and one MongoDB for all benchmarks that need them, started at the first use.
const running = new Map<string, Promise<RunningServer | Unavailable>>();

function once(name: string, start: () => Promise<RunningServer | Unavailable>) {
  const known = running.get(name) ?? start();
  running.set(name, known);
  return known;
}

export function kafkaServer(report: (line: string) => void): Promise<RunningServer | Unavailable> {
  return once('kafka', () => startKafka({ report }));
}

export function mongoServer(report: (line: string) => void): Promise<RunningServer | Unavailable> {
  return once('mongo', () => startMongo({ report }));
}

/** Ends those that were started here. */
export async function stopServers(): Promise<void> {
  for (const started of running.values()) {
    const server = await started.catch(() => undefined);
    if (server !== undefined && !isUnavailable(server)) await server.stop();
  }
}
