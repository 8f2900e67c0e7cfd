import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import { type Ticket, TicketServiceService } from '@tributary/contracts';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { connectGrpc, createLogger, systemClock } from '@tributary/runtime';
import { createStandalone } from '@tributary/standalone';
import { until } from '@tributary/testing';
import { startWebhookSimulator } from '@tributary/testing/simulators/webhook';
import { expect, onTestFinished, test } from 'vitest';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** Everything in one process, joined to a simulated platform. */
async function start() {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-webhook-'));
  const stores = {
    eventLog: await openEmbeddedLog({ folder: join(folder, 'log') }),
    docStore: await openEmbeddedStore({ folder: join(folder, 'documents') }),
    blobStore: await openDirectoryStore({ folder: join(folder, 'blobs') }),
  };
  const platform = await startWebhookSimulator({ secret, account: 'shop', gateway: () => address() });
  const account = {
    channel: 'webhook',
    name: 'shop',
    verifyWith: [secret],
    signWith: [secret],
    url: platform.url,
    allowPrivateAddress: true,
  };
  const system = await createStandalone({
    ...stores,
    clock: systemClock,
    logger: createLogger('e2e', 'error'),
    host: '127.0.0.1',
    httpPort: 0,
    grpcPort: 0,
    environment: {
      SMTP_PORT: 'off',
      EMAIL_OUT: `file:${join(folder, 'outbox')}`,
      ROUTER_SEED_PRESENCE: 'online',
      SOCIAL_ACCOUNTS: JSON.stringify([account]),
    },
  });
  const address = () => `http://127.0.0.1:${system.ports.http}`;
  await system.start();
  const channel = connectGrpc(`127.0.0.1:${system.ports.grpc}`);
  onTestFinished(async () => {
    await channel[Symbol.asyncDispose]();
    await system.stop();
    await platform[Symbol.asyncDispose]();
    for (const store of Object.values(stores)) await store[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  const tickets = channel.api(TicketServiceService);
  const owned = (): Promise<Ticket> =>
    until('an owned ticket', async () => {
      const filter = { states: [], ownerId: '', region: '', channel: 'webhook', customerId: '', queue: '' };
      const page = { unassigned: false, pageSize: 10, pageToken: '' };
      const { tickets: found } = await tickets.listTickets({ ...filter, ...page });
      return found.find(({ ownerId }) => ownerId !== '');
    });
  return { platform, tickets, owned, address };
}

test('I1: a message of any platform becomes an owned ticket, and the answer goes back to the platform', async () => {
  const { platform, tickets, owned } = await start();
  const message = { id: 'm-1', conversation: 'c-1', sender: { id: 'u-1', name: 'Mei' }, text: 'My battery smokes' };
  expect(await platform.write(message)).toBe(200);
  expect(await platform.write(message)).toBe(200);
  const { id } = await owned();
  await tickets.reply({
    ticketId: id,
    context: {
      commandId: 'answer',
      actor: { kind: 1, id: 'anna-weber', displayName: 'Anna' },
      expectedVersion: 0n,
    },
    text: 'Unplug it at once.',
    html: '',
    attachments: [],
    visibility: 0,
  });
  const reply = await until('the answer', () => platform.replies.find(({ text }) => text === 'Unplug it at once.'));
  expect(reply).toMatchObject({ conversation: 'c-1', recipient: { id: 'u-1' }, visibility: 'private' });
  const { entries } = await tickets.getTicket({ id });
  expect(entries.filter(({ text }) => text === message.text)).toHaveLength(1);
});

test('the curl example of docs/channels/webhook.md brings a message', async () => {
  const { owned, address } = await start();
  const document = await readFile(new URL('../../docs/channels/webhook.md', import.meta.url), 'utf8');
  const script = /```sh\n([\s\S]*?)```/.exec(document)?.[1] ?? expect.fail('the document has no example');
  await promisify(execFile)('sh', ['-e', '-c', script], { env: { ...process.env, URL: address(), SECRET: secret } });
  expect(await owned()).toMatchObject({ channel: 'webhook', contact: { address: 'shop:mei' } });
});
