import type { RunningServer, ServerOptions } from './running-server.ts';
export async function startKafkaInDocker(_options: ServerOptions): Promise<RunningServer | undefined> {
  return undefined;
}
export async function startMongoInDocker(_options: ServerOptions): Promise<RunningServer | undefined> {
  return undefined;
}
