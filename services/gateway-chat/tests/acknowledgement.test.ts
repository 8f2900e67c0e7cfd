import type { EventLog } from '@tributary/eventlog';
import { ManualClock, until } from '@tributary/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inboundOf, openStores, type Replica, type Stores, startReplica } from './chat-harness.ts';

/** A log whose appends can be held up or refused. */
function faultyLog(log: EventLog) {
  let waiting = 0;
  const fault = { refuse: false, held: undefined as Promise<void> | undefined, release: () => {} };
  const faulty: EventLog = Object.assign(Object.create(log) as EventLog, {
    async append(records: Parameters<EventLog['append']>[0]) {
      waiting += 1;
      await fault.held;
      waiting -= 1;
      if (fault.refuse) throw new Error('the log is down');
      await log.append(records);
    },
    consume: log.consume.bind(log),
    tail: log.tail.bind(log),
  });
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    fault.held = promise;
    fault.release = () => {
      fault.held = undefined;
      resolve();
    };
  };
  return { faulty, fault, hold, waiting: () => waiting };
}

let stores: Stores;
let replica: Replica;
let clock: ManualClock;
let faults: ReturnType<typeof faultyLog>;

beforeEach(async () => {
  stores = await openStores();
  clock = new ManualClock();
  faults = faultyLog(stores.eventLog);
  replica = await startReplica({ ...stores, eventLog: faults.faulty }, { clock });
});

afterEach(async () => {
  faults.fault.release();
  await replica[Symbol.asyncDispose]();
  await stores[Symbol.asyncDispose]();
});

test('I1: nothing is acknowledged before the log has it', async () => {
  const client = await replica.join();
  faults.hold();
  client.write('wait for it');
  // Other frames of the same connection wait behind it, so a second connection shows that the server is not just slow.
  const other = await replica.connect();
  other.send({ type: 'ping' });
  await other.next('pong');
  expect(client.of('ack')).toEqual([]);
  faults.fault.release();
  await client.next('ack');
});

test('I1: what the log refuses is not acknowledged, the client is sent away, and its repeat is taken once', async () => {
  const inbound = await inboundOf(stores.eventLog);
  const client = await replica.join();
  faults.fault.refuse = true;
  const first = client.write('first');
  client.write('second, already on its way');
  expect(await client.next('error')).toMatchObject({ code: 'unavailable', clientId: first, retryAfterMs: 1000 });
  expect(await client.closed()).toBe(1013);
  expect(client.of('ack')).toEqual([]);
  // The second one was not tried: it would have come before the first.
  expect(client.of('error')).toHaveLength(1);
  faults.fault.refuse = false;
  const again = await replica.join({ token: client.session.token });
  again.send({ type: 'message', clientId: first, text: 'first' });
  expect(await again.next('ack')).toMatchObject({ clientId: first, sequence: 1 });
  await until('the message in the log', () => inbound.length > 0);
  expect(inbound.map((message) => message.text)).toEqual(['first']);
});

test('overload: while the log does not answer others are sent away unstored and told when to come again; then all goes on', async () => {
  const inbound = await inboundOf(stores.eventLog);
  const patient = await replica.join();
  const other = await replica.join();
  faults.hold();
  patient.write('first');
  await until('the append that waits', () => faults.waiting() === 1);
  await clock.advance(4001);
  const refused = other.write('too much');
  expect(await other.next('error')).toMatchObject({ code: 'unavailable', clientId: refused, retryAfterMs: 5000 });
  expect(await other.closed()).toBe(1013);
  faults.fault.release();
  await patient.next('ack');
  const again = await replica.join({ token: other.session.token });
  expect(again.of('welcome')[0]).toMatchObject({ lastSequence: 0 });
  again.send({ type: 'message', clientId: refused, text: 'too much' });
  await again.next('ack');
  await until('both in the log', () => inbound.length === 2);
  expect(inbound.map((message) => message.text)).toEqual(['first', 'too much']);
});

test('I2: a message behind one that waits for the log comes after it, whoever brings it', async () => {
  const inbound = await inboundOf(stores.eventLog);
  const client = await replica.join();
  faults.fault.refuse = true;
  client.write('first');
  await client.closed();
  faults.fault.refuse = false;
  const again = await replica.join({ token: client.session.token });
  again.write('second');
  await again.next('ack');
  await until('both in the log', () => inbound.length === 2);
  expect(inbound.map((message) => message.text)).toEqual(['first', 'second']);
});

test('I1: a message whose client never comes back is brought into the log', async () => {
  const inbound = await inboundOf(stores.eventLog);
  const client = await replica.join();
  faults.fault.refuse = true;
  client.write('and gone');
  await client.closed();
  await clock.advance(16_000);
  await until('the repair to report its trouble', () => replica.problems().length > 0);
  faults.fault.refuse = false;
  await clock.advance(16_000);
  await until('the message in the log', () => inbound.length > 0);
  await clock.advance(16_000);
  expect(inbound.map((message) => message.text)).toEqual(['and gone']);
  await until('no more trouble', () => replica.problems().length === 0);
});

test('P3: what was acknowledged is in the transcript after a restart', async () => {
  const client = await replica.join();
  client.write('kept');
  await client.next('ack');
  await replica[Symbol.asyncDispose]();
  replica = await startReplica(stores, { clock });
  const again = await replica.join({ token: client.session.token });
  expect((await again.next('message')).text).toBe('kept');
});
