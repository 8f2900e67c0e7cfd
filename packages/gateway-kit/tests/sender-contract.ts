import {
  type Delivery,
  DeliveryStatus,
  deadLetterTopic,
  decodeEvent,
  encodeEvent,
  OutboundMessage,
  topics,
} from '@tributary/contracts';
import type { DocStore } from '@tributary/docstore';
import type { EventLog } from '@tributary/eventlog';
import { createLogger, systemClock } from '@tributary/runtime';
import { ManualClock, until } from '@tributary/testing';
import { expect, onTestFinished, test } from 'vitest';
import {
  AccountUnavailableError,
  createSender,
  PermanentSendError,
  RetryLaterError,
  type Sender,
  type SenderOptions,
  UncertainSendError,
} from '../src/index.ts';

const logger = createLogger('test', 'silent');

/** What a sender stands on; a fresh one for each test. */
export interface Ground extends AsyncDisposable {
  readonly eventLog: EventLog;
  readonly docStore: DocStore;
}

export const senderTopics = [topics.outbound, topics.delivery].flatMap(({ name, partitions, retentionMs }) => [
  { name, partitions, retentionMs },
  { name: deadLetterTopic(name), partitions: 1, retentionMs: -1 },
]);

/** What a sender promises, on whichever log and store. */
export function promiseOfSender(openGround: () => Promise<Ground>): void {
  /** One log and one store, on which any number of senders can run. */
  async function world() {
    const ground = await openGround();
    const { eventLog, docStore } = ground;
    const deliveries: Delivery[] = [];
    const tail = await eventLog.tail({
      topics: [topics.delivery.name],
      from: 'start',
      handle(record) {
        deliveries.push(decodeEvent(topics.delivery, record));
      },
    });
    const senders: Sender[] = [];
    onTestFinished(async () => {
      for (const sender of senders) await sender.stop();
      await tail.stop();
      await ground[Symbol.asyncDispose]();
    });
    return {
      eventLog,
      docStore,
      deliveries,
      async sender(send: SenderOptions['send'], options: Partial<SenderOptions> = {}) {
        const sender = await createSender({
          channel: 'test',
          capabilities: { maxTextLength: 20, maxPublicTextLength: 0, splitsText: true },
          eventLog,
          docStore,
          clock: systemClock,
          logger,
          send,
          ...options,
        });
        senders.push(sender);
        await sender.start();
        return sender;
      },
      publish: (...messages: OutboundMessage[]) =>
        eventLog.append(messages.map((message) => encodeEvent(topics.outbound, message, 'test'))),
      statuses: () => deliveries.map(({ outboundMessageId, status }) => [outboundMessageId, status]),
    };
  }

  const {
    DELIVERY_STATUS_SENT: sent,
    DELIVERY_STATUS_FAILED: failed,
    DELIVERY_STATUS_UNCERTAIN: uncertain,
  } = DeliveryStatus;

  function message(id: string, conversation = id, account = 'us'): OutboundMessage {
    return OutboundMessage.fromPartial({
      id,
      ticketId: `t-${conversation}`,
      channel: 'test',
      account,
      conversationKey: conversation,
      recipients: [{ kind: 'test', address: 'them' }],
      text: id,
    });
  }

  const accepted = async (one: OutboundMessage) => ({ providerMessageId: `p-${one.id}` });

  test('a message is sent once, however often it is published, and its delivery is told', async () => {
    const it = await world();
    const seen: string[] = [];
    const sender = await it.sender(async (one) => {
      seen.push(one.text);
      return accepted(one);
    });
    await it.publish(message('a'), message('a'));
    await until('the delivery', () => it.deliveries.length === 1);
    await it.publish(message('a'), message('b'));
    await until('the next', () => it.deliveries.length === 2);
    expect(seen).toEqual(['a', 'b']);
    expect(it.deliveries[0]).toMatchObject({
      outboundMessageId: 'a',
      ticketId: 't-a',
      status: sent,
      providerMessageId: 'p-a',
    });
    expect(await sender.find('a')).toMatchObject({ conversationKey: 'a', account: 'us' });
    expect(await sender.conversationOfTicket('t-b')).toBe('b');
    expect(await sender.conversationOfTicket('t-unknown')).toBeUndefined();
  });

  test('messages of other channels are left to their gateways', async () => {
    const it = await world();
    await it.sender(accepted);
    await it.publish({ ...message('other'), channel: 'another' }, message('ours'));
    await until('the delivery', () => it.deliveries.length === 1);
    expect(it.statuses()).toEqual([['ours', sent]]);
  });

  test('a record that is no message goes to the dead letters and stops nothing', async () => {
    const it = await world();
    await it.sender(accepted);
    await it.eventLog.append([{ topic: topics.outbound.name, key: 'k', value: new Uint8Array([255]), headers: {} }]);
    await it.publish(message('a'));
    await until('the delivery', () => it.deliveries.length === 1);
    await until('the dead letter', async () =>
      (await it.eventLog.listTopics()).some(
        ({ name, records }) => name === deadLetterTopic(topics.outbound.name) && records === 1,
      ),
    );
  });

  test('messages of one conversation keep their order, also over a passing error; others do not wait for them', async () => {
    const it = await world();
    const seen: string[] = [];
    let fails = 2;
    await it.sender(async (one) => {
      if (one.id === 'a1' && fails-- > 0) throw new Error('busy');
      seen.push(one.id);
      return accepted(one);
    });
    await it.publish(message('a1', 'a'), message('a2', 'a'), message('a3', 'a'), message('b1', 'b'));
    await until('four deliveries', () => it.deliveries.length === 4);
    expect(seen).toEqual(['b1', 'a1', 'a2', 'a3']);
  });

  test('what will never be sent has failed with reason and code; what nobody knows is uncertain and not repeated', async () => {
    const it = await world();
    let tries = 0;
    await it.sender(async (one) => {
      tries += 1;
      if (one.id === 'bad') throw new PermanentSendError('no such person', '550 5.1.1');
      throw new UncertainSendError('the line went dead');
    });
    await it.publish(message('bad'), message('doubt'));
    await until('two deliveries', () => it.deliveries.length === 2);
    expect(it.deliveries.find(({ outboundMessageId }) => outboundMessageId === 'bad')).toMatchObject({
      status: failed,
      reason: 'no such person',
      providerCode: '550 5.1.1',
    });
    expect(it.deliveries.find(({ outboundMessageId }) => outboundMessageId === 'doubt')).toMatchObject({
      status: uncertain,
      reason: 'the line went dead',
    });
    expect(tries).toBe(2);
  });

  test('a broken account and a slow recipient do not hold up the others', async () => {
    const it = await world();
    const slow = Promise.withResolvers<void>();
    const sender = await it.sender(
      async (one) => {
        if (one.account === 'broken') throw new AccountUnavailableError('login refused');
        if (one.id === 'slow') await slow.promise;
        return accepted(one);
      },
      { concurrencyPerAccount: 2 },
    );
    const many = Array.from({ length: 50 }, (_, index) => message(`m${index}`));
    await it.publish(
      ...Array.from({ length: 50 }, (_, index) => message(`x${index}`, `x${index}`, 'broken')),
      message('slow'),
      ...many,
    );
    await until('the others', () => it.deliveries.length === 50);
    expect(sender.providerProblems()).toEqual(['cannot send from broken: login refused']);
    slow.resolve();
    await until('the slow one', () => it.deliveries.length === 51);
  });

  test('a crash before the send repeats it, a crash after it may have been accepted makes it uncertain', async () => {
    const it = await world();
    // Its clock stands still, so that it renews nothing: as after kill -9 in the middle of sending.
    const clock = new ManualClock(Date.now());
    const dying = await it.sender(() => new Promise(() => {}), { leaseMs: 600, clock });
    await it.publish(message('middle', 'm'));
    await until('it is being sent', async () => (await rowState(it.docStore, 'middle')) === 'sending');
    await it.publish(message('after', 'm'));
    await until('the next waits', async () => (await rowState(it.docStore, 'after')) === 'queued');
    Object.assign(dying, { stop: async () => {} });
    await until('its lease has run out', () => Date.now() > clock.now() + 600);
    const seen: string[] = [];
    await it.sender(async (one) => {
      seen.push(one.id);
      return accepted(one);
    });
    await until('both outcomes', () => it.deliveries.length === 2);
    expect(it.statuses()).toEqual([
      ['middle', uncertain],
      ['after', sent],
    ]);
    expect(seen).toEqual(['after']);
  });

  test('an outcome that could not be told is told after a restart, with the same id', async () => {
    const it = await world();
    let down = true;
    const eventLog: EventLog = {
      ...it.eventLog,
      append: (records) => (down ? Promise.reject(new Error('the log is down')) : it.eventLog.append(records)),
      consume: (options) => it.eventLog.consume(options),
      problems: () => [],
    };
    const first = await it.sender(accepted, { eventLog });
    await it.publish(message('a'));
    await until('it is sent', async () => (await rowState(it.docStore, 'a')) === 'sent');
    await until('the trouble', () => first.problems().length === 1);
    expect(first.problems()).toEqual(['deliveries cannot be reported: the log is down']);
    await first.stop();
    down = false;
    await it.sender(() => Promise.reject(new Error('it was sent already')));
    await until('the delivery', () => it.deliveries.length === 1);
    expect(it.statuses()).toEqual([['a', sent]]);
  });

  test('two processes share the work: each message once, each conversation in order', async () => {
    const it = await world();
    const seen: string[] = [];
    const send = async (one: OutboundMessage) => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(one.id);
      return accepted(one);
    };
    await it.sender(send);
    const conversations = Array.from({ length: 20 }, (_, index) => `c${index}`);
    const all = Array.from({ length: 10 }, (_, turn) =>
      conversations.map((each) => message(`${each}-${turn}`, each)),
    ).flat();
    await it.publish(...all.slice(0, 100));
    await it.sender(send);
    await it.publish(...all.slice(100));
    await until('all deliveries', () => new Set(it.deliveries.map(({ id }) => id)).size === 200);
    expect([...seen].sort()).toEqual(all.map(({ id }) => id).sort());
    for (const conversation of conversations) {
      const own = seen.filter((id) => id.startsWith(`${conversation}-`));
      expect(own).toEqual([...own].sort((a, b) => Number(a.split('-')[1]) - Number(b.split('-')[1])));
    }
  });

  test('a message that came back has failed, once', async () => {
    const it = await world();
    const sender = await it.sender(accepted);
    await it.publish(message('a'));
    await until('the delivery', () => it.deliveries.length === 1);
    const bounce = { status: 'failed' as const, recipient: 'them', reason: 'no such user', providerCode: '5.1.1' };
    await sender.report('a', bounce);
    await sender.report('a', bounce);
    await sender.report('unknown', bounce);
    await until('the failure', () => it.deliveries.length === 2);
    expect(it.deliveries[1]).toMatchObject({ status: failed, reason: 'no such user', providerCode: '5.1.1' });
  });

  test('a report that is quicker than the answer to the sending counts after it', async () => {
    const it = await world();
    const provider = Promise.withResolvers<void>();
    let underWay = false;
    const sender = await it.sender(async (one) => {
      underWay = true;
      await provider.promise;
      return accepted(one);
    });
    await it.publish(message('a'));
    await until('it is under way', () => underWay);
    const report = sender.report('a', { status: 'failed', reason: 'no such user' });
    provider.resolve();
    await report;
    await until('both', () => it.deliveries.length === 2);
    expect(it.statuses()).toEqual([
      ['a', sent],
      ['a', failed],
    ]);
  });

  test('a text longer than the channel carries goes out in parts, in order, and is sent when the last one is', async () => {
    const it = await world();
    const seen: OutboundMessage[] = [];
    const sender = await it.sender(async (one) => {
      seen.push(one);
      return accepted(one);
    });
    await it.publish(
      { ...message('long'), text: 'A first sentence. A second one. And a third.' },
      message('next', 'long'),
    );
    await until('both deliveries', () => it.deliveries.length === 2);
    expect(seen.map(({ id, text }) => [id, text])).toEqual([
      ['long', 'A first sentence.'],
      ['long-2', 'A second one.'],
      ['long-3', 'And a third.'],
      ['next', 'next'],
    ]);
    expect(it.deliveries[0]).toMatchObject({ outboundMessageId: 'long', status: sent, providerMessageId: 'p-long-3' });
    // The parts before it tell nothing of the whole.
    for (const id of ['long', 'long-2', 'long-3']) await sender.report(id, { status: 'delivered' });
    await until('the receipt', () => it.deliveries.length === 3);
    expect(it.deliveries[2]).toMatchObject({
      outboundMessageId: 'long',
      status: DeliveryStatus.DELIVERY_STATUS_DELIVERED,
    });
  });

  test('a public text may be shorter than a private one: each is cut at its own length', async () => {
    const it = await world();
    const seen: string[] = [];
    const capabilities = { maxTextLength: 20, maxPublicTextLength: 10, splitsText: true };
    await it.sender(
      async (one) => {
        seen.push(one.text);
        return accepted(one);
      },
      { capabilities },
    );
    const text = 'One line. Another.';
    await it.publish({ ...message('private', 'it'), text }, { ...message('public', 'it'), text, visibility: 2 });
    await until('both deliveries', () => it.deliveries.length === 2);
    expect(seen).toEqual([text, 'One line.', 'Another.']);
  });

  test('the provider says when to come again: its account waits so long, the others do not', async () => {
    const it = await world();
    const clock = new ManualClock(Date.now());
    const tries: string[] = [];
    await it.sender(
      async (one) => {
        tries.push(one.id);
        if (one.account === 'busy' && tries.length === 1) throw new RetryLaterError('429', 30_000);
        return accepted(one);
      },
      { clock },
    );
    await it.publish(message('a', 'a', 'busy'));
    await until('the first try', () => tries.length === 1);
    await it.publish(message('b', 'b', 'busy'), message('c', 'c', 'idle'));
    await until('the other account', () => tries.includes('c'));
    await clock.advance(29_000);
    expect(tries).not.toContain('b');
    await clock.advance(2000);
    await until('everything', () => it.deliveries.length === 3);
    expect(it.deliveries.every(({ status }) => status === sent)).toBe(true);
  });

  test('an account sends no faster than its rate', async () => {
    const it = await world();
    const clock = new ManualClock(Date.now());
    const seen: string[] = [];
    await it.sender(
      async (one) => {
        seen.push(one.id);
        return accepted(one);
      },
      { clock, rate: { perMinute: 60, burst: 2 } },
    );
    await it.publish(message('a'), message('b'), message('c'), message('d'));
    await until('the burst', () => it.deliveries.length === 2);
    expect(seen).toHaveLength(2);
    await clock.advance(1000);
    await until('the third', () => it.deliveries.length === 3);
    await clock.advance(1000);
    await until('the fourth', () => it.deliveries.length === 4);
    expect(seen).toHaveLength(4);
  });

  test('stopping finishes what is under way and begins nothing more', async () => {
    const it = await world();
    const begun: string[] = [];
    const release = Promise.withResolvers<void>();
    const sender = await it.sender(
      async (one) => {
        begun.push(one.id);
        await release.promise;
        return accepted(one);
      },
      { concurrencyPerAccount: 1 },
    );
    await it.publish(message('a'), message('b'));
    await until('the first', () => begun.length === 1);
    const stopped = sender.stop();
    release.resolve();
    await stopped;
    expect(begun).toHaveLength(1);
    await until('its delivery', () => it.deliveries.length === 1);
  });
}

async function rowState(docStore: DocStore, id: string): Promise<string | undefined> {
  const rows = await docStore.collection<{ _id: string; state: string }>('outbound_test');
  return (await rows.findOne({ _id: id }))?.state;
}
