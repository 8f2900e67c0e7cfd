import { until } from '@tributary/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  deliveriesOf,
  openStores,
  outboundMessage,
  publish,
  type Replica,
  type Stores,
  startReplica,
} from './chat-harness.ts';

let stores: Stores;
let one: Replica;
let two: Replica;

beforeEach(async () => {
  stores = await openStores();
  one = await startReplica(stores);
  two = await startReplica(stores);
});

afterEach(async () => {
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
  await stores[Symbol.asyncDispose]();
});

describe('resume', () => {
  test('I3: after a drop everything since the last seen sequence comes, then what is new', async () => {
    const client = await one.join();
    const { sessionId, token } = client.session;
    client.write('one');
    await client.next('message');
    client.socket.terminate();
    await publish(stores.eventLog, outboundMessage(sessionId, 'two'), outboundMessage(sessionId, 'three'));
    const deliveries = await deliveriesOf(stores.eventLog);
    await until('both stored', () => deliveries.length === 2);
    const again = await one.join({ token, lastSequence: 1 });
    await until('what was missed', () => again.texts.length === 2);
    expect(again.texts).toEqual(['two', 'three']);
    again.write('four');
    await until('what is new', () => again.texts.length === 3);
    expect(again.of('message').map((frame) => frame.sequence)).toEqual([2, 3, 4]);
  });

  test('I3: a reload gets the whole transcript, long ones too', async () => {
    const client = await one.join();
    const { sessionId, token } = client.session;
    const texts = Array.from({ length: 250 }, (_, index) => `answer ${index}`);
    await publish(stores.eventLog, ...texts.map((text) => outboundMessage(sessionId, text)));
    await until('all of it', () => client.texts.length === 250, { timeoutMs: 20_000 });
    const again = await two.join({ token });
    await until('all of it again', () => again.texts.length === 250);
    expect(again.texts).toEqual(texts);
  });

  test('a client that has seen more than there is (a restored store) begins again', async () => {
    const client = await one.join();
    client.write('one');
    await client.next('message');
    const again = await one.connect();
    again.send({ type: 'hello', version: 1, site: 'demo', token: client.session.token, lastSequence: 99 });
    expect(await again.next('welcome')).toMatchObject({ resumeFrom: 0, lastSequence: 1 });
    expect(await again.next('message')).toMatchObject({ sequence: 1 });
  });

  test('the token is accepted by every replica and renewed with each hello', async () => {
    const client = await one.join();
    const again = await two.join({ token: client.session.token });
    expect(again.session.sessionId).toBe(client.session.sessionId);
    expect(again.session.token).toMatch(/^ey/);
  });

  test('a token that is forged, expired or of another key begins nothing', async () => {
    const other = await startReplica(stores, {
      environment: { CHAT_TOKEN_KEY: Buffer.alloc(32, 7).toString('base64') },
    });
    const foreign = await other.join();
    const client = await one.connect();
    for (const token of ['', 'x', foreign.session.token, `${(await one.join()).session.token}x`]) {
      client.send({ type: 'hello', version: 1, site: 'demo', token });
      expect(await client.next('error')).toMatchObject({ code: 'invalid_session', field: 'token' });
    }
    await other[Symbol.asyncDispose]();
    // The connection stays: a hello without a token is a new chat.
    client.send({ type: 'hello', version: 1, site: 'demo' });
    await client.next('welcome');
  });
});

describe('two replicas', () => {
  test("a visitor gets every answer, whichever replica consumed it, each once and in the transcript's order", async () => {
    const clients = await Promise.all(Array.from({ length: 12 }, (_, index) => (index % 2 ? one : two).join()));
    for (let round = 0; round < 5; round++) {
      await publish(
        stores.eventLog,
        ...clients.map((client) => outboundMessage(client.session.sessionId, `answer ${round}`)),
      );
    }
    for (const client of clients) {
      await until('all answers', () => client.texts.length === 5);
      expect(client.texts).toEqual([0, 1, 2, 3, 4].map((round) => `answer ${round}`));
      expect(client.of('message').map((frame) => frame.sequence)).toEqual([1, 2, 3, 4, 5]);
    }
  });

  test('tabs on two replicas show one transcript while both sides write at once', async () => {
    const left = await one.join();
    const right = await two.join({ token: left.session.token });
    for (let index = 0; index < 10; index++) {
      left.write(`left ${index}`);
      right.write(`right ${index}`);
      await publish(stores.eventLog, outboundMessage(left.session.sessionId, `agent ${index}`));
    }
    for (const client of [left, right]) await until('all of it', () => client.texts.length === 30);
    expect(left.of('message')).toEqual(right.of('message'));
    expect(left.of('message').map((frame) => frame.sequence)).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
    for (const side of ['left', 'right', 'agent']) {
      const own = left.texts.filter((text) => text.startsWith(side));
      expect(own).toEqual(Array.from({ length: 10 }, (_, index) => `${side} ${index}`));
    }
    expect(left.of('error')).toEqual([]);
  });

  test('marks made on one replica are seen on the other', async () => {
    const left = await one.join();
    const right = await two.join({ token: left.session.token });
    await publish(stores.eventLog, outboundMessage(left.session.sessionId, 'hello'));
    await left.next('message');
    left.send({ type: 'read', sequence: 1 });
    await until('the mark on the other replica', () => right.of('marks').at(-1)?.readSequence === 1);
  });
});
