import { randomUUID } from 'node:crypto';
import { signedForm, startTwilioSimulator } from '@tributary/testing/simulators/twilio';
import { startWebhookSimulator } from '@tributary/testing/simulators/webhook';
import { createTransport } from 'nodemailer';
import WebSocket from 'ws';
import { fetchFailure } from '../fetch-failure.ts';
import type { Deployment, LoadChannel } from './arguments.ts';

/** Brings messages of one channel. */
export interface LoadSender extends AsyncDisposable {
  /**
   * Sends the text once; resolves when it is acknowledged.
   * @param customer Who writes: 0, 1, 2 …
   * @throws an error whose message is short and without anything of this one message, to be counted by.
   */
  send(text: string, customer: number): Promise<void>;
}

const answerWithinMs = 60_000;

/** One for each channel that the deployment has an address of. */
export async function openSenders(deployment: Deployment): Promise<Map<LoadChannel, LoadSender>> {
  const senders = new Map<LoadChannel, LoadSender>();
  if (deployment.smtp !== undefined) senders.set('email', mailSender(deployment.smtp));
  if (deployment.chat !== undefined) senders.set('chat', chatSender(deployment.chat));
  if (deployment.phone !== undefined) senders.set('phone', await textMessageSender(deployment.phone));
  if (deployment.social !== undefined) senders.set('social', await webhookSender(deployment.social));
  return senders;
}

function mailSender({ host, port, to }: NonNullable<Deployment['smtp']>): LoadSender {
  const transport = createTransport({
    ...{ host, port, pool: true, maxConnections: 50, maxMessages: Number.POSITIVE_INFINITY },
    ...{ ignoreTLS: true, socketTimeout: answerWithinMs },
  });
  return {
    async send(text, customer) {
      try {
        await transport.sendMail({ from: `load-${customer}@mail.example`, to, subject: 'Load', text });
      } catch (error) {
        const { responseCode, code } = error as { responseCode?: number; code?: string };
        throw new Error(String(responseCode ?? code ?? 'failed'));
      }
    },
    async [Symbol.asyncDispose]() {
      transport.close();
    },
  };
}

/** One connection for each customer who has written, as long as it lasts. */
function chatSender({ url, site }: NonNullable<Deployment['chat']>): LoadSender {
  const chats = new Map<number, Promise<Chat>>();
  return {
    async send(text, customer) {
      const opening = chats.get(customer) ?? openChat(url, site, () => chats.delete(customer));
      chats.set(customer, opening);
      opening.catch(() => chats.delete(customer));
      await (await opening).write(text);
    },
    async [Symbol.asyncDispose]() {
      for (const chat of await Promise.allSettled(chats.values())) {
        if (chat.status === 'fulfilled') chat.value.close();
      }
    },
  };
}

interface Chat {
  write(text: string): Promise<void>;
  close(): void;
}

function openChat(url: string, site: string, closed: () => void): Promise<Chat> {
  const socket = new WebSocket(url, { handshakeTimeout: 10_000 });
  const open = new Map<string, PromiseWithResolvers<void>>();
  const ready = Promise.withResolvers<Chat>();
  const chat: Chat = {
    write(text) {
      const clientId = randomUUID();
      const answer = Promise.withResolvers<void>();
      open.set(clientId, answer);
      socket.send(JSON.stringify({ type: 'message', clientId, text }));
      return answer.promise;
    },
    close: () => socket.terminate(),
  };
  socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', version: 1, site })));
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data)) as { type: string; clientId?: string; code?: string };
    if (frame.type === 'welcome') ready.resolve(chat);
    if (frame.type !== 'ack' && frame.type !== 'error') return;
    const answer = open.get(frame.clientId ?? '');
    open.delete(frame.clientId ?? '');
    if (frame.type === 'ack') answer?.resolve();
    else answer?.reject(new Error(frame.code));
  });
  socket.on('error', () => {}); // 'close' follows.
  socket.on('close', (code) => {
    closed();
    ready.reject(new Error('not connected'));
    for (const answer of open.values()) answer.reject(new Error(`connection closed (${code})`));
  });
  return ready.promise;
}

async function textMessageSender({ url, number, ...account }: NonNullable<Deployment['phone']>): Promise<LoadSender> {
  const address = `${url}/channels/sms/messages`;
  const simulator = await startTwilioSimulator({
    accounts: [account],
    numbers: [{ accountSid: account.accountSid, number, smsUrl: address }],
  });
  return {
    async send(text, customer) {
      const from = `+1415${String(5_000_000 + (customer % 4_000_000))}`;
      const form = simulator.messaging.receive('sms', { from, to: number, text });
      const { headers, body } = signedForm(account, address, form);
      await post(address, headers, body);
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

async function webhookSender({ url, account, secret }: NonNullable<Deployment['social']>): Promise<LoadSender> {
  const simulator = await startWebhookSimulator({ account, secret });
  return {
    async send(text, customer) {
      const id = randomUUID();
      const person = `load-${customer}`;
      const document = { type: 'message.created', id, conversation: person, sender: { id: person }, text };
      const { path, headers, body } = simulator.request(document, `msg-${id}`, Date.now());
      await post(url + path, headers, body);
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

async function post(address: string, headers: Readonly<Record<string, string>>, body: string): Promise<void> {
  let status: number;
  let retryAfter: string | null;
  try {
    const signal = AbortSignal.timeout(answerWithinMs);
    const answer = await fetch(address, { method: 'POST', headers, body, signal });
    await answer.arrayBuffer();
    status = answer.status;
    retryAfter = answer.headers.get('retry-after');
  } catch (error) {
    throw new Error(fetchFailure(error));
  }
  if (status >= 300) throw new Error(retryAfter === null ? String(status) : `${status} with Retry-After`);
}
