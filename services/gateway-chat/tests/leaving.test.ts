import { SignalKind } from '@tributary/contracts';
import { ManualClock, until } from '@tributary/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStores, type Replica, type Stores, signalsOf, startReplica, type TestClient } from './chat-harness.ts';

const leftAfterMs = 60_000;
let stores: Stores;
let clock: ManualClock;
let replicas: Replica[];

beforeEach(async () => {
  stores = await openStores();
  clock = new ManualClock();
  replicas = [await startReplica(stores, { clock }), await startReplica(stores, { clock })];
});

afterEach(async () => {
  for (const replica of replicas) await replica[Symbol.asyncDispose]();
  await stores[Symbol.asyncDispose]();
});

/** Who has left, in order, by conversation key. */
async function leaving(): Promise<() => string[]> {
  const signals = await signalsOf(stores.eventLog);
  return () =>
    signals
      .filter(({ kind }) => kind === SignalKind.SIGNAL_KIND_CUSTOMER_LEFT)
      .map(({ conversationKey }) => conversationKey);
}

async function visitor(replica: Replica | undefined, hello: Record<string, unknown> = {}): Promise<TestClient> {
  if (replica === undefined) throw new Error('there is no such replica');
  return replica.join(hello);
}

async function write(client: TestClient): Promise<string> {
  client.write('is anybody there?');
  await client.next('ack');
  return `chat:${client.session.sessionId}`;
}

async function goAway(client: TestClient): Promise<void> {
  client.socket.close();
  await client.closed();
}

/** The time goes on while the client shows that it lives. */
async function stay(client: TestClient, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 10_000) {
    client.send({ type: 'ping' });
    await client.next('pong');
    await clock.advance(10_000);
  }
}

test('whoever has written and has had no connection for the time has left: told once, by whichever replica', async () => {
  const left = await leaving();
  const client = await visitor(replicas[0]);
  const key = await write(client);
  await goAway(client);
  await clock.advance(leftAfterMs - 1000);
  expect(left()).toEqual([]);
  await until('the visitor to have left', async () => {
    await clock.advance(1000);
    return left().length > 0;
  });
  await clock.advance(3 * leftAfterMs);
  expect(left()).toEqual([key]);
});

test('nobody leaves who is connected, on whichever replica, or comes back in time', async () => {
  const left = await leaving();
  const client = await visitor(replicas[0]);
  const key = await write(client);
  await stay(client, 2 * leftAfterMs);
  await goAway(client);
  await clock.advance(leftAfterMs / 2);
  const again = await visitor(replicas[1], { token: client.session.token });
  await stay(again, 2 * leftAfterMs);
  expect(left()).toEqual([]);
  await goAway(again);
  await until('the visitor to have left', async () => {
    await clock.advance(1000);
    return left().length > 0;
  });
  expect(left()).toEqual([key]);
});

test('whoever has only looked leaves without a word; whoever writes after they left can leave again', async () => {
  const left = await leaving();
  const looker = await visitor(replicas[0]);
  await goAway(looker);
  const writer = await visitor(replicas[0]);
  const key = await write(writer);
  await goAway(writer);
  for (const times of [1, 2]) {
    await until('the visitor to have left', async () => {
      await clock.advance(1000);
      return left().length === times;
    });
    if (times === 2) break;
    const again = await visitor(replicas[0], { token: writer.session.token });
    await write(again);
    await goAway(again);
  }
  expect(left()).toEqual([key, key]);
});

test('a visitor whose replica died has left all the same', async () => {
  const left = await leaving();
  const key = await write(await visitor(replicas[0]));
  for (const replica of replicas.splice(0)) await replica[Symbol.asyncDispose]();
  await clock.advance(2 * leftAfterMs);
  replicas.push(await startReplica(stores, { clock }));
  await until('the visitor to have left', () => left().length > 0);
  expect(left()).toEqual([key]);
});
