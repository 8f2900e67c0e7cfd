import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keepRunning, type ServiceProcess } from '@tributary/standalone';
import { until } from '@tributary/testing';
import { dieWithParent, freePort } from '@tributary/testing/servers';
import type { Started } from './one-trace.ts';

const wrap: typeof dieWithParent = ([program, ...args]) =>
  dieWithParent([program, '--conditions=@tributary/source', ...args]);

async function started(services: readonly ServiceProcess[], addresses: Omit<Started, 'stop'>): Promise<Started> {
  for (const service of services)
    await until(`${service.name} to be ready`, () => service.checkReady(), { timeoutMs: 240_000 });
  return { ...addresses, stop: async () => void (await Promise.all(services.map((service) => service.stop()))) };
}

/** Where `startOneProcess` writes what the process prints, in its folder. */
const printed = 'printed.log';

/** As `npm start`, with its data in a folder. */
export async function startOneProcess(folder: string, environment: Record<string, string>): Promise<Started> {
  const [httpPort, smtpPort, grpcPort] = [await freePort(), await freePort(), await freePort()];
  const standalone = keepRunning({
    name: 'standalone',
    healthPort: httpPort,
    entry: fileURLToPath(new URL('../../../packages/standalone/src/main.ts', import.meta.url)),
    environment: {
      TRIBUTARY_DATA_DIR: join(folder, 'data'),
      HTTP_PORT: String(httpPort),
      SMTP_PORT: String(smtpPort),
      GRPC_PORT: String(grpcPort),
      ...environment,
    },
    wrap,
    logFile: join(folder, printed),
    report: () => {},
  });
  return started([standalone], {
    gatewayUrl: `http://127.0.0.1:${httpPort}`,
    ticketingAddress: `127.0.0.1:${grpcPort}`,
  });
}

/** The services that a message of a social channel passes, each a process of its own, on the Kafka and MongoDB of `environment`. */
export async function startServices(folder: string, environment: Record<string, string>): Promise<Started> {
  const ticketingAddress = `127.0.0.1:${await freePort()}`;
  const one = async (name: string, own: Record<string, string> = {}) => {
    const healthPort = await freePort();
    const entry = fileURLToPath(new URL(`../../../services/${name}/src/main.ts`, import.meta.url));
    const ports = { HOST: '127.0.0.1', HTTP_PORT: String(healthPort), GRPC_PORT: String(await freePort()) };
    const logFile = join(folder, `${name}.log`);
    return {
      healthPort,
      name,
      entry,
      environment: { ...ports, ...own, ...environment },
      wrap,
      logFile,
      report: () => {},
    };
  };
  const ticketing = await one('ticketing', { GRPC_PORT: ticketingAddress.split(':')[1] ?? '' });
  const router = await one('router', { TICKETING_ADDRESS: ticketingAddress });
  const social = await one('gateway-social');
  return started([ticketing, router, social].map(keepRunning), {
    gatewayUrl: `http://127.0.0.1:${social.healthPort}`,
    ticketingAddress,
  });
}
