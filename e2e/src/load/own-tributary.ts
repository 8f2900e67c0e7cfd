import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventLog } from '@tributary/eventlog';
import { startTwilioSimulator } from '@tributary/testing/simulators/twilio';
import { startWebhookSimulator } from '@tributary/testing/simulators/webhook';
import { startMailSink } from '../mail-sink.ts';
import { type ProcessUsage, usageOf } from '../process-usage.ts';
import { chatSite, type System, type SystemOptions, supportAddress } from '../system.ts';
import { startEmbeddedSystem } from '../system-embedded.ts';
import { startScaleSystem } from '../system-scale.ts';
import type { Deployment } from './arguments.ts';
import type { LoadReport } from './report.ts';

interface OwnTributary {
  readonly deployment: Deployment;
  readonly log: EventLog;
  /** Sends, and adds to the report what processes and stores used for it. */
  measure(send: () => Promise<LoadReport>): Promise<LoadReport>;
}

/**
 * Starts a Tributary with every channel, its providers simulated, for as long as `use` runs.
 * @param mode One process, or every service as one beside a Kafka and a database of our own.
 * @throws SystemUnavailable when this machine can run no Kafka or no MongoDB.
 */
export async function withOwnTributary<T>(
  mode: 'embedded' | 'scale',
  folder: string,
  say: (line: string) => void,
  use: (own: OwnTributary) => Promise<T>,
): Promise<T> {
  await using sink = await startMailSink();
  const account = { accountSid: `AC${'5'.repeat(32)}`, authToken: randomBytes(16).toString('hex') };
  const number = '+15005550006';
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  // They take what Tributary answers.
  await using twilio = await startTwilioSimulator({
    accounts: [account],
    numbers: [{ accountSid: account.accountSid, number }],
  });
  await using platform = await startWebhookSimulator({ secret, account: 'load' });
  const options: SystemOptions = {
    ...{ folder, serversFolder: join(folder, 'stores') },
    mailSinkPort: sink.port,
    report: say,
    environment: {
      LOG_LEVEL: 'error',
      TWILIO_ACCOUNTS: JSON.stringify([
        {
          account_sid: account.accountSid,
          auth_token: account.authToken,
          api_url: twilio.url,
          numbers: [{ number, channels: ['sms'] }],
        },
      ]),
      SOCIAL_ACCOUNTS: JSON.stringify([
        {
          ...{ channel: 'webhook', name: 'load', verifyWith: [secret], signWith: [secret] },
          ...{ url: platform.url, allowPrivateAddress: true },
        },
      ]),
    },
  };
  await using system = await (mode === 'scale' ? startScaleSystem(options) : startEmbeddedSystem(options));
  await system.ready();
  say(`a Tributary of its own is ready (${mode})`);
  const deployment: Deployment = {
    smtp: { host: '127.0.0.1', port: system.smtpPort, to: supportAddress },
    chat: { url: system.chatUrl, site: chatSite },
    phone: { url: system.phoneUrl, number, ...account },
    social: { url: system.socialUrl, account: 'load', secret },
  };
  await using log = await system.openLog();
  const stores = mode === 'scale' ? ['stores/kafka', 'stores/mongo'] : ['data'];
  const folders = new Map(stores.map((store) => [store.replace('stores/', ''), join(folder, store)]));
  return await use({ deployment, log, measure: (send) => measured(system, folders, send) });
}

async function measured(
  { services }: System,
  folders: ReadonlyMap<string, string>,
  send: () => Promise<LoadReport>,
): Promise<LoadReport> {
  const before = await usageOfAll(services);
  const disksBefore = await sizesOf(folders);
  const peaks = new Map<string, number>();
  const watch = setInterval(async () => {
    for (const [name, { memoryMiB }] of await usageOfAll(services)) {
      peaks.set(name, Math.max(memoryMiB, peaks.get(name) ?? 0));
    }
  }, 500);
  try {
    const report = await send();
    const messages = report.channels.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    const processes = [...(await usageOfAll(services))].map(([name, { cpuSeconds, memoryMiB }]) => ({
      name,
      cpuSeconds: cpuSeconds - (before.get(name)?.cpuSeconds ?? 0),
      maxMemoryMiB: Math.max(memoryMiB, peaks.get(name) ?? 0),
    }));
    if (processes.length === 0 || messages === 0) return report;
    const disks = [...(await sizesOf(folders))].map(
      ([name, bytes]) => [name, (bytes - (disksBefore.get(name) ?? 0)) / messages] as const,
    );
    const cpuSeconds = processes.reduce((sum, process) => sum + process.cpuSeconds, 0);
    const use = { processes, messagesPerCpuSecond: messages / cpuSeconds };
    return { ...report, use: { ...use, diskBytesPerMessage: Object.fromEntries(disks) } };
  } finally {
    clearInterval(watch);
  }
}

/** By name; without those that do not run, or that the system tells nothing of. */
async function usageOfAll(services: System['services']): Promise<Map<string, ProcessUsage>> {
  const usages = new Map<string, ProcessUsage>();
  for (const { name, pid } of services) {
    const usage = await usageOf(pid);
    if (usage !== undefined) usages.set(name, usage);
  }
  return usages;
}

async function sizesOf(folders: ReadonlyMap<string, string>): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const [name, folder] of folders) sizes.set(name, await sizeOf(folder));
  return sizes;
}

/** Bytes that all files below a folder take on the disk: brokers reserve more than they have written. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
