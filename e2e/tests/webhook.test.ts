import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Ticket, TicketServiceService } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { startWebhookSimulator } from '@tributary/testing/simulators/webhook';
import { expect, onTestFinished, test } from 'vitest';
import { openStandalone } from './open-standalone.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** Everything in one process, joined to a simulated platform. */
async function start() {
  const opened = new AsyncDisposableStack();
  onTestFinished(() => opened.disposeAsync());
  let httpAddress = '';
  const address = () => `http://${httpAddress}`;
  const platform = opened.use(await startWebhookSimulator({ secret, account: 'shop', gateway: address }));
  const account = {
    channel: 'webhook',
    name: 'shop',
    verifyWith: [secret],
    signWith: [secret],
    url: platform.url,
    allowPrivateAddress: true,
  };
  const system = await openStandalone(opened, {
    environment: () => ({ SMTP_PORT: 'off', SOCIAL_ACCOUNTS: JSON.stringify([account]) }),
  });
  httpAddress = system.httpAddress;
  const { channel } = system;
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
