import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { DeliveryStatus } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { describe, expect, inject, test } from 'vitest';
import type { Servers } from './stores.ts';
import type { ChannelSubject, CustomerMessage, ProviderCalls, ProviderRequest, SpecialPromise } from './subject.ts';
import { openWorld } from './world.ts';

export type * from './subject.ts';

const dayMs = 24 * 60 * 60_000;
const {
  DELIVERY_STATUS_SENT: sent,
  DELIVERY_STATUS_FAILED: failed,
  DELIVERY_STATUS_UNCERTAIN: uncertain,
} = DeliveryStatus;
const first: CustomerMessage = { id: '1001', conversation: '501', text: 'My battery gives off smoke' };

/**
 * What every channel promises. Run it with the channel's own simulator.
 * @param servers Absent: on the embedded adapters.
 */
export function promiseOfChannel(subject: ChannelSubject, servers?: Servers): void {
  async function world() {
    const it = await openWorld(subject, servers);
    await it.open();
    return it;
  }
  type World = Awaited<ReturnType<typeof world>>;

  /** A promise that a channel may have no occasion to keep; then the reason is shown. */
  const special = (promise: SpecialPromise, name: string, body: (it: World) => Promise<void>) =>
    test(name, async (context) => {
      const reason = subject.without?.[promise];
      if (reason !== undefined) return context.skip(`${promise}: ${reason}`);
      await body(await world());
    });
  /** The same for what only a provider that calls us can do. */
  const called = (promise: SpecialPromise, name: string, body: (it: World, calls: ProviderCalls) => Promise<void>) =>
    special(promise, name, async (it) => {
      const { calls } = it.provider;
      if (calls === undefined)
        throw new Error(`the subject has no calls and does not say why it is without "${promise}"`);
      await body(it, calls);
    });

  describe('in', () => {
    test('a message of a customer is in the log once, with all that the core needs', async () => {
      const it = await world();
      const message = await it.write(first);
      expect(message.text).toContain(first.text);
      expect(message.id).not.toBe('');
      expect(message.account).not.toBe('');
      expect(message.conversationKey).not.toBe('');
      expect(message.sender?.address).not.toBe('');
      expect(message.receivedTime).toBeInstanceOf(Date);
    });

    special(
      'one conversation',
      'messages of a conversation keep their order, and another person is another conversation',
      async (it) => {
        const one = await it.write(first);
        const two = await it.write({ ...first, id: '1002', text: 'It is getting worse' });
        const other = await it.write({ id: '1003', conversation: '502', text: 'Where is my parcel' });
        expect(it.inbound.map(({ id }) => id)).toEqual([one.id, two.id, other.id]);
        expect(two.conversationKey).toBe(one.conversationKey);
        expect(other.conversationKey).not.toBe(one.conversationKey);
      },
    );

    const nothingStored = async (it: World) => {
      // Whatever was stored before it is there when a later message is.
      await it.write({ id: '1999', conversation: '599', text: 'the message after it' });
      expect(it.inbound).toHaveLength(1);
    };

    special('repeats', 'the same event ten times at once, and again after 8 days, is one message', async (it) => {
      const taken = await Promise.all(Array.from({ length: 10 }, () => it.bring(first)));
      // No gateway runs meanwhile: its timers of 8 days would take a while, and what it knew is gone.
      await it.close();
      await it.clock.advance(8 * dayMs);
      await it.open();
      taken.push(await it.bring(first));
      expect(taken).toEqual(Array.from({ length: 11 }, () => true));
      await it.write({ ...first, id: '1002', text: 'the message after it' });
      expect(new Set(it.inbound.map(({ id }) => id)).size).toBe(2);
    });

    called('signed body', 'a body that was changed on its way is refused and not stored', async (it, calls) => {
      const request = calls.message(first, it.url, it.clock.now());
      expect([400, 401, 403]).toContain(await it.request(changed(request)));
      await nothingStored(it);
    });

    called('signature', 'a request without the provider’s signature is refused and not stored', async (it, calls) => {
      const { path, body, ...request } = calls.message(first, it.url, it.clock.now());
      const bare = { ...request, headers: { 'content-type': request.headers['content-type'] ?? '' } };
      // WeChat and the like sign in the query.
      expect([400, 401, 403]).toContain(await it.request({ ...bare, path: path.replace(/\?.*/, ''), body }));
      await nothingStored(it);
    });

    called('signed time', 'a request signed long ago is refused as a replay', async (it, calls) => {
      const request = calls.message(first, it.url, it.clock.now());
      await it.clock.advance(20 * 60_000);
      expect([401, 403]).toContain(await it.request(request));
      await nothingStored(it);
    });

    special('broken-off message', 'a message that breaks off is not stored and harms nothing', async (it) => {
      const { calls, breakOff } = it.provider;
      if (calls !== undefined) await breakOffRequest(calls.message(first, it.url, it.clock.now()), it.url);
      else if (breakOff !== undefined) await breakOff(first, it.url);
      else throw new Error('the subject cannot break off and does not say why');
      await nothingStored(it);
    });

    special('size limit', 'a message of 50 MB is refused and not stored', async (it) => {
      const { calls, writeTooMuch } = it.provider;
      if (calls !== undefined) {
        const request = calls.message(first, it.url, it.clock.now());
        const status = await it.request({ ...request, body: Buffer.alloc(50 * 1024 * 1024, 120) }).catch(() => 413);
        expect(status).toBe(413);
      } else if (writeTooMuch !== undefined) expect(await writeTooMuch(it.url)).toMatch(/too|exceed|larger|552|1009/i);
      else throw new Error('the subject cannot write too much and does not say why');
      await nothingStored(it);
    });

    called(
      'unknown kinds',
      'an event of an unknown kind is answered as success, so that it does not come for ever',
      async (it, calls) => {
        const status = await it.request(calls.unknown(it.url, it.clock.now()));
        expect(status >= 200 && status < 300).toBe(true);
        await nothingStored(it);
      },
    );

    test('while the log is away nothing counts as taken that is lost: the message is there afterwards', async () => {
      const it = await world();
      it.logFails = true;
      const taken = await it.bring(first);
      await it.clock.advance(5000);
      it.logFails = false;
      // Where the provider asks or is asked again by itself, it is not told.
      if (!taken) expect(await it.bring(first)).toBe(true);
      await it.passing('the message', () => it.inbound.length === 1);
    });
  });

  describe('out', () => {
    /** For channels by which customers are answered. */
    const answered = (name: string, check: (it: World) => Promise<void>, options = {}) =>
      test(name, options, async (context) => {
        const it = await world();
        if (it.listensOnly) return context.skip(true, 'it is only listened to');
        await check(it);
      });

    test('what is only listened to refuses an answer for good, with the reason', async (context) => {
      const it = await world();
      if (!it.listensOnly) return context.skip(true, 'it carries answers');
      const message = await it.write(first);
      await it.reply(message, 'Unplug it at once.');
      await it.passing('the refusal', () => it.deliveries.length > 0);
      expect(it.deliveries[0]).toMatchObject({ status: failed, reason: expect.stringMatching(/\w/) });
    });

    answered('an answer reaches the customer once, however often it is published, and counts as sent', async (it) => {
      const message = await it.write(first);
      await it.reply(message, 'Unplug it at once.');
      await it.passing('the delivery', () => it.deliveries.length > 0);
      await it.reply(message, 'Unplug it at once.', 'Then call us.');
      await it.passing('the next delivery', () => it.received().length === 2);
      expect(it.received()).toEqual(['Unplug it at once.', 'Then call us.']);
      expect(it.deliveries[0]).toMatchObject({ status: sent });
    });

    answered('an outage of an hour delays answers; afterwards each arrives once, in order', async (it) => {
      const message = await it.write(first);
      it.provider.behave('down');
      await it.reply(message, 'one', 'two', 'three');
      await it.passing('the first tries', () => it.provider.tries() > 1);
      await it.clock.advance(60 * 60_000);
      expect(it.received()).toEqual([]);
      it.provider.behave('well');
      await it.passing('the answers', () => it.received().length >= 3);
      expect(it.received()).toEqual(['one', 'two', 'three']);
      expect(it.deliveries.filter(({ status }) => status !== sent)).toEqual([]);
    });

    special(
      'storm of refusals',
      'a storm of 429 delays answers; afterwards each arrives once, in order',
      async (it) => {
        const message = await it.write(first);
        it.provider.behave('busy');
        await it.reply(message, 'one', 'two', 'three');
        await it.passing('the first tries', () => it.provider.tries() > 1);
        it.provider.behave('well');
        await it.passing('the answers', () => it.received().length >= 3);
        expect(it.received()).toEqual(['one', 'two', 'three']);
        expect(it.deliveries.filter(({ status }) => status !== sent)).toEqual([]);
      },
    );

    answered(
      'killed between the provider’s acceptance and our note of it: not sent again unless the provider knows repeats',
      async (it) => {
        const message = await it.write(first);
        it.provider.behave('silent');
        await it.close();
        await it.append(message, 'Unplug it at once.');
        const child = spawn(
          process.execPath,
          [
            '--conditions=@tributary/source',
            fileURLToPath(new URL('./gateway-process.ts', import.meta.url)),
            subject.module,
            it.provider.url,
            String(it.port),
            JSON.stringify(it.place),
          ],
          { stdio: ['ignore', 'inherit', 'inherit'] },
        );
        const ended = once(child, 'exit');
        try {
          await until('the provider to have the answer', () => it.received().length === 1, { timeoutMs: 60_000 });
        } finally {
          child.kill('SIGKILL');
          await ended;
        }
        it.provider.behave('well');
        await it.open();
        await it.passing('its outcome', () => it.deliveries.length > 0);
        expect(it.deliveries[0]?.status).toBe(it.idempotent ? sent : uncertain);
        expect(it.received()).toEqual(['Unplug it at once.']);
      },
      { timeout: 120_000 },
    );
  });
}

/** The same on Kafka and the MongoDB protocol, for a `*.servers.test.ts`. */
export function promiseOfChannelAtScale(name: string, subject: ChannelSubject): void {
  const [kafkaBrokers, mongoUrl] = [inject('kafkaBrokers'), inject('mongoUrl')];
  describe.skipIf(kafkaBrokers === undefined || mongoUrl === undefined)(
    `${name} on Kafka and the MongoDB protocol`,
    () => promiseOfChannel(subject, { kafkaBrokers: kafkaBrokers ?? '', mongoUrl: mongoUrl ?? '' }),
  );
}

/** The first half of a request, and then the end of the connection. */
async function breakOffRequest({ method, path, headers, body }: ProviderRequest, ourUrl: string): Promise<void> {
  const bytes = Buffer.from(body);
  const socket = connect(Number(new URL(ourUrl).port), '127.0.0.1');
  const lines = Object.entries({ host: new URL(ourUrl).host, ...headers, 'content-length': `${bytes.length}` });
  socket.on('error', () => {});
  const head = `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), bytes.subarray(0, bytes.length >> 1)]));
  socket.end();
  socket.resume();
  await once(socket, 'close');
}

/** The same request with another byte in its body, or its query when it has none. */
function changed(request: ProviderRequest): ProviderRequest {
  const bytes = Buffer.from(request.body);
  const text = bytes.toString('latin1');
  const at = text.indexOf('smoke');
  if (at >= 0) return { ...request, body: Buffer.from(text.replace('smoke', 'smile'), 'latin1') };
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  return { ...request, body: bytes };
}
