import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TicketServiceService } from '@tributary/contracts';
import { connectGrpc } from '@tributary/runtime';
import { until } from '@tributary/testing';
import { createTransport } from 'nodemailer';
import { expect, onTestFinished, test } from 'vitest';
import { runAgentRobot } from '../src/agent-robot.ts';
import { checkAll } from '../src/checks/all-checks.ts';
import type { AgentCommand, History } from '../src/history.ts';
import { loadEmail } from '../src/load-email.ts';
import { loadProviders } from '../src/load-providers.ts';
import { startMailSink } from '../src/mail-sink.ts';
import { MessageBook } from '../src/message-book.ts';
import { providerChannels, startProviders } from '../src/providers/index.ts';
import { seededRandom } from '../src/random.ts';
import { settle } from '../src/settling.ts';
import { type GatewayAddresses, SystemUnavailable, supportAddress } from '../src/system.ts';
import { startScaleSystem } from '../src/system-scale.ts';

const report = () => {};

// The procedure of docs/operating.md, with the data folders of broker and database as the volumes.
test('P3: a backup of both stores, taken while the services are stopped, holds everything acknowledged before, once; it goes on elsewhere', {
  timeout: 480_000,
}, async ({ skip }) => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-restore-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755); // The database runs as another user.
  await using sink = await startMailSink();
  let gateways: GatewayAddresses | undefined;
  await using providers = await startProviders(() => gateways as GatewayAddresses);
  const start = (serversFolder: string) =>
    startScaleSystem({
      ...{ folder: join(folder, 'processes'), serversFolder, mailSinkPort: sink.port, report },
      environment: { ...providers.environment, NODE_OPTIONS: '--conditions=@tributary/source' },
    }).catch((error: unknown) => {
      if (error instanceof SystemUnavailable && process.env['TRIBUTARY_REQUIRE_SERVERS'] !== '1') skip(error.message);
      throw error;
    });

  const book = new MessageBook();
  const commands: AgentCommand[] = [];
  const random = seededRandom('restore');
  const stores = join(folder, 'stores');
  const end = new AbortController();
  const ended = { stopWriting: end.signal, stopWorking: end.signal, giveUp: end.signal };
  let work: Promise<unknown>;
  {
    await using system = await start(stores);
    await using ticketing = connectGrpc(system.ticketingAddress);
    await system.ready();
    gateways = system;
    const load = { ...ended, book, writers: 2 };
    work = Promise.all([
      loadEmail({ ...load, smtpPort: system.smtpPort, supportAddress, sink, random: random.fork('email') }),
      loadProviders({ ...load, providers, channels: providerChannels, random: random.fork('providers') }),
      runAgentRobot({
        ...ended,
        tickets: ticketing.api(TicketServiceService),
        commands,
        random: random.fork('agents'),
      }),
    ]);
    await until(
      'every channel and the agents to be at work',
      () =>
        commands.length > 10 &&
        ['email', ...providerChannels].every(
          (channel) => book.messages.filter((one) => one.channel === channel && one.acknowledgedAtMs).length > 5,
        ),
      { timeoutMs: 180_000 },
    );
    // Under load the services are stopped, then the stores.
  }
  end.abort();
  await work;
  const copy = (from: string, to: string) => promisify(execFile)('cp', ['-a', join(folder, from), join(folder, to)]);
  await copy('stores', 'backup');
  await rm(stores, { recursive: true });
  await copy('backup', 'restored');

  await using system = await start(join(folder, 'restored'));
  gateways = system;
  await system.ready();
  const providerId = 'after-the-restore@mail.example';
  const text = 'My lamp is dead';
  const after = book.add({ channel: 'email', conversation: 'after', providerId, text, pipelined: false });
  const smtp = createTransport({ host: '127.0.0.1', port: system.smtpPort, ignoreTLS: true });
  const mail = { from: 'mei@mail.example', to: supportAddress, messageId: `<${providerId}>`, subject: 'After', text };
  await smtp.sendMail(mail);
  book.acknowledge(after);
  await using log = await system.openLog();
  const { messages, refusals } = book;
  const { state, unfinished } = await settle(system, log, { messages, patienceMs: 90_000, report });
  const history: History = {
    ...{ ...state, messages, refusals, commands, offerAnswers: [], chats: [] },
    ...{ mails: sink.mails, arrivals: providers.arrivals() },
  };
  expect(unfinished).toEqual([]);
  expect(checkAll(history)).toEqual([]);
});
