import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { allTopics } from '@tributary/contracts';
import type { GroupLag } from '@tributary/eventlog';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { type ServiceProcess, serviceProcesses, takePorts } from '@tributary/standalone';
import { until } from '@tributary/testing';
import { dieWithParent, freePort, isUnavailable } from '@tributary/testing/servers';
import { createTransport } from 'nodemailer';
import { type Benchmark, notMeasured } from '../benchmark.ts';
import { megabytes, processTree } from '../processes.ts';
import { kafkaServer, mongoServer } from '../real-servers.ts';
import { sampleMail } from '../sample-mail.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const mails = 1000;
const what = `memory per service as a process of its own: idle / after ${mails.toLocaleString('en-US')} mails by SMTP`;

/** Every service as `npm run services` starts it. */
export const serviceMemory: Benchmark = {
  name: 'memory',
  async run({ report }) {
    const [kafka, mongo] = await Promise.all([kafkaServer(report), mongoServer(report)]);
    if (isUnavailable(kafka)) return [notMeasured(what, '', kafka.unavailable)];
    if (isUnavailable(mongo)) return [notMeasured(what, '', mongo.unavailable)];
    if (kafka.how === 'environment')
      return [
        notMeasured(
          what,
          '',
          'KAFKA_BROKERS names a Kafka that others may use; the services need its topics for themselves',
        ),
      ];
    await using folder = await temporaryFolder();
    await using log = await openKafkaLog({ brokers: [kafka.url], clientId: 'bench' });
    await log.applyTopics(allTopics);
    const ports = await takePorts(freePort);
    await mkdir(join(folder.path, 'logs'));
    const services = serviceProcesses(
      ports,
      {
        KAFKA_BROKERS: kafka.url,
        MONGODB_URL: withDatabase(mongo.url, 'bench-memory'),
        HOST: '127.0.0.1',
        LOG_LEVEL: 'error',
        CONSOLE_FEED: 'on',
        TRIBUTARY_DATA_DIR: folder.path,
      },
      report,
      { wrap: dieWithParent, logFolder: join(folder.path, 'logs') },
    );
    try {
      for (const service of services)
        await until(`${service.name} to be ready`, () => service.checkReady(), { timeoutMs: 120_000, everyMs: 100 });
      await pause(3000);
      const idle = services.map(memoryOf);
      await sendMails(ports.smtp);
      await until('all mails to be routed', async () => isWorkedOff(await log.lag('router')), {
        timeoutMs: 120_000,
        everyMs: 500,
      });
      const loaded = services.map(memoryOf);
      return [
        {
          what,
          figure: services
            .map(({ name }, index) => `${name} ${megabytes(idle[index] ?? 0)} / ${megabytes(loaded[index] ?? 0)}`)
            .join(', '),
          target: '',
        },
      ];
    } finally {
      await Promise.all(services.map((service) => service.stop()));
    }
  },
};

/** The largest process below it is the service; what wraps it weighs nothing. */
function memoryOf({ name, pid }: ServiceProcess): number {
  if (pid === undefined) throw new Error(`${name} does not run`);
  return Math.max(...processTree(pid).map(({ rssBytes }) => rssBytes));
}

function isWorkedOff(lags: readonly GroupLag[]): boolean {
  return lags.length > 0 && lags.every(({ lag }) => lag === 0);
}

async function sendMails(port: number): Promise<void> {
  const transport = createTransport({
    host: '127.0.0.1',
    port,
    secure: false,
    ignoreTLS: true,
    pool: true,
    maxMessages: 1e6,
  });
  const send = (number: number) => {
    const { address, raw } = sampleMail(number);
    return transport.sendMail({ envelope: { from: address, to: 'support@tributary.local' }, raw });
  };
  await Promise.all(Array.from({ length: mails }, (_, number) => send(number)));
  transport.close();
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
