import { DeliveryStatus, inboundMessageId, topics, Verification } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  deliveriesOf,
  inboundOf,
  openStores,
  outboundMessage,
  publish,
  type Replica,
  type Stores,
  startReplica,
} from './chat-harness.ts';

let stores: Stores;
let replica: Replica;

beforeEach(async () => {
  stores = await openStores();
  replica = await startReplica(stores);
});

afterEach(async () => {
  await replica[Symbol.asyncDispose]();
  await stores[Symbol.asyncDispose]();
});

describe('what the visitor writes', () => {
  test('is in the log with everything known of it before it is acknowledged', async () => {
    const inbound = await inboundOf(stores.eventLog);
    const client = await replica.join({ name: 'Ada', email: 'Ada@Shop.example', language: 'zh-CN' });
    const clientId = client.write('The battery is hot', {
      pageUrl: 'https://shop.example/x1',
      writtenTime: '2026-11-22T08:00:00Z',
    });
    const ack = await client.next('ack');
    await until('the message in the log', () => inbound.length > 0);
    const { sessionId } = client.session;
    const id = inboundMessageId('chat', sessionId, clientId);
    expect(ack).toMatchObject({ clientId, id, sequence: 1 });
    expect(inbound).toHaveLength(1);
    expect(inbound[0]).toMatchObject({
      id,
      channel: 'chat',
      account: 'demo',
      providerMessageId: clientId,
      conversationKey: `chat:${sessionId}`,
      sender: {
        kind: 'chat',
        address: sessionId,
        displayName: 'Ada',
        verification: Verification.VERIFICATION_CHANNEL,
      },
      participants: [{ kind: 'email', address: 'ada@shop.example', verification: Verification.VERIFICATION_CLAIMED }],
      text: 'The battery is hot',
      languageHint: 'zh-CN',
      providerTime: new Date('2026-11-22T08:00:00Z'),
      attributes: { page_url: 'https://shop.example/x1' },
    });
  });

  test('keeps its order', async () => {
    const inbound = await inboundOf(stores.eventLog);
    const client = await replica.join();
    const texts = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    for (const text of texts) client.write(text);
    await until('all acknowledged', () => client.of('ack').length === 20);
    await until('all in the log', () => inbound.length === 20);
    expect(inbound.map((message) => message.text)).toEqual(texts);
    await until('all in the transcript', () => client.texts.length === 20);
    expect(client.texts).toEqual(texts);
    expect(client.of('message').map((frame) => frame.sequence)).toEqual(texts.map((_, index) => index + 1));
  });

  test('is one message however often it is sent, also in other letters and on another connection', async () => {
    const inbound = await inboundOf(stores.eventLog);
    const client = await replica.join();
    const clientId = client.write('once');
    const first = await client.next('ack');
    client.send({ type: 'message', clientId: clientId.toUpperCase(), text: 'once' });
    expect(await client.next('ack')).toEqual(first);
    const other = await replica.join({ token: client.session.token });
    other.send({ type: 'message', clientId, text: 'something else under the same id' });
    expect(await other.next('ack')).toEqual(first);
    expect(inbound.map((message) => message.text)).toEqual(['once']);
    expect((await other.next('message')).text).toBe('once');
  });

  test('is kept as well-formed text', async () => {
    const inbound = await inboundOf(stores.eventLog);
    const client = await replica.join();
    client.send(`{"type":"message","clientId":"${crypto.randomUUID()}","text":"a\\u0000b\\ud800c\\r\\nd\\te"}`);
    await client.next('ack');
    await until('the message in the log', () => inbound.length > 0);
    expect(inbound[0]?.text).toBe('ab\ufffdc\nd\te');
  });

  test('reaches their other tabs', async () => {
    const client = await replica.join();
    const second = await replica.join({ token: client.session.token });
    client.write('from the first tab');
    expect(await second.next('message')).toMatchObject({ text: 'from the first tab', author: 'customer', sequence: 1 });
  });

  test('typing becomes a signal, and not with every key', async () => {
    const signals: string[] = [];
    await stores.eventLog.tail({
      topics: [topics.signals.name],
      from: 'start',
      handle: (record) => void signals.push(record.key),
    });
    const client = await replica.join();
    for (let key = 0; key < 5; key++) client.send({ type: 'typing', active: true });
    client.write('done');
    await client.next('ack');
    await until('a signal', () => signals.length > 0);
    expect(signals).toEqual([`chat:${client.session.sessionId}`]);
  });
});

describe('what we write', () => {
  test('reaches the visitor and is reported sent, delivered and read, each once', async () => {
    const deliveries = await deliveriesOf(stores.eventLog);
    const client = await replica.join();
    const answer = outboundMessage(client.session.sessionId, 'Please switch it off');
    await publish(stores.eventLog, answer);
    const message = await client.next('message');
    expect(message).toMatchObject({
      id: answer.id,
      author: 'agent',
      authorName: 'Mei',
      text: answer.text,
      sequence: 1,
    });
    client.send({ type: 'delivered', sequence: 1 });
    expect(await client.next('marks')).toBeDefined();
    client.send({ type: 'read', sequence: 1 });
    client.send({ type: 'read', sequence: 1 });
    client.send({ type: 'delivered', sequence: 1 });
    await until('the read mark', () => client.of('marks').at(-1)?.readSequence === 1);
    expect(deliveries.map(({ outboundMessageId, status, ticketId }) => [outboundMessageId, status, ticketId])).toEqual([
      [answer.id, DeliveryStatus.DELIVERY_STATUS_SENT, 'ticket-1'],
      [answer.id, DeliveryStatus.DELIVERY_STATUS_DELIVERED, 'ticket-1'],
      [answer.id, DeliveryStatus.DELIVERY_STATUS_READ, 'ticket-1'],
    ]);
  });

  test('is in the transcript once however often it is published', async () => {
    const client = await replica.join();
    const answer = outboundMessage(client.session.sessionId, 'once');
    await publish(stores.eventLog, answer);
    await client.next('message');
    await publish(stores.eventLog, answer, outboundMessage(client.session.sessionId, 'twice'));
    await client.next('message');
    expect(client.texts).toEqual(['once', 'twice']);
  });

  test("an answer marks the visitor's messages before it as read by us", async () => {
    const client = await replica.join();
    client.write('hello?');
    await client.next('ack');
    await publish(stores.eventLog, outboundMessage(client.session.sessionId, 'hello'));
    await until('the mark', () => client.of('marks').some((marks) => marks.agentReadSequence === 2));
  });

  test('for a session that does not exist is reported failed, and what follows arrives', async () => {
    const deliveries = await deliveriesOf(stores.eventLog);
    const client = await replica.join();
    const lost = outboundMessage('no-such-session', 'hello?');
    await publish(stores.eventLog, lost, outboundMessage(client.session.sessionId, 'here'));
    await client.next('message');
    expect(client.texts).toEqual(['here']);
    await until('the failure', () => deliveries.find((delivery) => delivery.outboundMessageId === lost.id));
    expect(deliveries.find((delivery) => delivery.outboundMessageId === lost.id)).toMatchObject({
      status: DeliveryStatus.DELIVERY_STATUS_FAILED,
      reason: expect.stringContaining('no chat session'),
    });
  });

  test('an agent typing is shown', async () => {
    const client = await replica.join();
    const { encodeEvent, SignalKind } = await import('@tributary/contracts');
    await stores.eventLog.append([
      encodeEvent(
        topics.signals,
        {
          conversationKey: `chat:${client.session.sessionId}`,
          channel: 'chat',
          ticketId: 't',
          kind: SignalKind.SIGNAL_KIND_TYPING_STARTED,
          fromAgent: true,
          authorName: 'Mei',
          time: new Date(),
        },
        'test',
      ),
    ]);
    expect(await client.next('typing')).toEqual({ type: 'typing', active: true, authorName: 'Mei' });
  });
});
