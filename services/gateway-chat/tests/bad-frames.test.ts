import { ManualClock, until } from '@tributary/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStores, type Replica, type Stores, startReplica, type TestClient } from './chat-harness.ts';

let stores: Stores;
let replica: Replica;
let bystander: TestClient;

beforeAll(async () => {
  stores = await openStores();
  replica = await startReplica(stores, {
    environment: {
      CHAT_ADDRESS_SESSIONS_PER_MINUTE: '100000',
      CHAT_MESSAGES_PER_MINUTE: '100000',
      CHAT_ADDRESS_MESSAGES_PER_MINUTE: '100000',
    },
  });
  bystander = await replica.join();
});

afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  await stores[Symbol.asyncDispose]();
});

describe('a bad frame is answered with what is wrong, and the connection goes on', () => {
  const clientId = '0198b1f0-0000-7000-8000-000000000000';
  test.each([
    ['no JSON', '{"type":', { code: 'bad_json' }],
    ['an array', '[]', { code: 'bad_frame' }],
    ['null', 'null', { code: 'bad_frame' }],
    ['no type', {}, { code: 'unknown_type', field: 'type', allowed: expect.arrayContaining(['hello', 'message']) }],
    ['an unknown type', { type: 'sing' }, { code: 'unknown_type', message: expect.stringContaining('hello, message') }],
    ['a type from the prototype', { type: 'constructor' }, { code: 'unknown_type' }],
    ['a second hello', { type: 'hello', version: 1, site: 'demo' }, { code: 'already_greeted' }],
    ['no client id', { type: 'message', text: 'x' }, { code: 'bad_frame', field: 'clientId' }],
    [
      'a client id that is no UUID',
      { type: 'message', clientId: '1', text: 'x' },
      { field: 'clientId', clientId: '1' },
    ],
    [
      'no text and no upload',
      { type: 'message', clientId, text: ' \n' },
      { code: 'bad_frame', field: 'text', clientId },
    ],
    ['a text that is a number', { type: 'message', clientId, text: 1 }, { code: 'bad_frame', field: 'text' }],
    [
      'a text that is too long',
      { type: 'message', clientId, text: 'x'.repeat(4001) },
      { code: 'too_large', field: 'text', limit: 4000, clientId, message: expect.stringContaining('4001') },
    ],
    [
      'too many uploads',
      { type: 'message', clientId, text: '', uploads: Array.from({ length: 11 }, () => clientId) },
      { code: 'too_large', field: 'uploads', limit: 10 },
    ],
    [
      'an unknown upload',
      { type: 'message', clientId, uploads: [clientId] },
      { code: 'unknown_upload', field: 'uploads' },
    ],
    [
      'a page that is no web address',
      { type: 'message', clientId, text: 'x', pageUrl: 'javascript:1' },
      { field: 'pageUrl' },
    ],
    ['a time that is none', { type: 'message', clientId, text: 'x', writtenTime: 'soon' }, { field: 'writtenTime' }],
    ['typing that is neither on nor off', { type: 'typing' }, { code: 'bad_frame', field: 'active' }],
    ['a mark beyond what was sent', { type: 'read', sequence: 7 }, { code: 'bad_frame', field: 'sequence', limit: 0 }],
    ['a mark below zero', { type: 'delivered', sequence: -1 }, { code: 'bad_frame', field: 'sequence' }],
    ['an email that is none', { type: 'profile', email: 'ada' }, { code: 'bad_frame', field: 'email' }],
    [
      'a name that is too long',
      { type: 'profile', name: 'x'.repeat(101) },
      { code: 'too_large', field: 'name', limit: 100 },
    ],
  ])('%s', async (_name, frame, error) => {
    const client = await replica.join();
    client.send(frame);
    expect(await client.next('error')).toMatchObject(error);
    client.send({ type: 'ping' });
    await client.next('pong');
    client.socket.terminate();
  });

  test('anything but hello before hello', async () => {
    const client = await replica.connect();
    client.send({ type: 'message', clientId, text: 'x' });
    expect(await client.next('error')).toMatchObject({ code: 'hello_required', allowed: ['hello', 'ping'], clientId });
    client.send({ type: 'hello', version: 2, site: 'demo' });
    expect(await client.next('error')).toMatchObject({ code: 'unsupported_version', field: 'version', allowed: [1] });
    client.send({ type: 'hello', version: 1, site: 'other' });
    expect(await client.next('error')).toMatchObject({ code: 'unknown_site', field: 'site' });
    client.send({ type: 'hello', version: 1, site: 'demo' });
    await client.next('welcome');
  });

  test('a binary frame', async () => {
    const client = await replica.join();
    client.socket.send(Buffer.from([1, 2, 3]));
    expect(await client.next('error')).toMatchObject({ code: 'bad_json' });
  });

  test('a frame above the hard limit ends its own connection only', async () => {
    const client = await replica.join();
    client.send({ type: 'message', clientId, text: 'x'.repeat(1024 * 1024) });
    expect(await client.closed()).toBe(1009);
  });
});

test('whatever is sent, the server lives and nobody else notices', async () => {
  const types = fc.constantFrom('hello', 'message', 'typing', 'delivered', 'read', 'profile', 'ping');
  const almost = fc
    .record(
      {
        type: types,
        version: fc.oneof(fc.constant(1), fc.jsonValue()),
        site: fc.oneof(fc.constant('demo'), fc.jsonValue()),
        token: fc.oneof(fc.constant(undefined), fc.jsonValue()),
        lastSequence: fc.oneof(fc.nat(), fc.jsonValue()),
        clientId: fc.oneof(fc.uuid(), fc.jsonValue()),
        text: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
        uploads: fc.oneof(fc.constant([]), fc.array(fc.uuid()), fc.jsonValue()),
        sequence: fc.oneof(fc.integer(), fc.double(), fc.jsonValue()),
        active: fc.oneof(fc.boolean(), fc.jsonValue()),
        name: fc.oneof(fc.string(), fc.jsonValue()),
      },
      { requiredKeys: ['type'] },
    )
    .map((frame) => JSON.stringify(frame));
  const anything = fc.oneof(almost, fc.json(), fc.string({ unit: 'binary' }));
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(anything, { maxLength: 15 }), async (greeted, frames) => {
      const client = greeted ? await replica.join() : await replica.connect();
      for (const frame of frames) client.send(frame);
      client.send({ type: 'ping' });
      await until('an answer', () => client.of('pong').length > 0, { timeoutMs: 5000, everyMs: 1 });
      expect(client.of('error').filter((error) => error.code === 'unavailable')).toEqual([]);
      client.socket.terminate();
    }),
    { numRuns: 100 },
  );
  expect(bystander.closeCode).toBeUndefined();
  bystander.write('still here');
  await bystander.next('ack');
});

describe('life', () => {
  test('a connection that shows no life for an interval is cut off, a living one is not', async () => {
    const clock = new ManualClock();
    const timed = await startReplica(stores, { clock });
    const dead = await timed.join();
    const alive = await timed.join();
    // Stops reading, so the ping is never answered.
    dead.socket.pause();
    const pinged = new Promise((resolve) => alive.socket.once('ping', resolve));
    await clock.advance(25_000);
    await pinged;
    alive.send({ type: 'ping' });
    await alive.next('pong');
    await clock.advance(25_000);
    dead.socket.resume();
    expect(await dead.closed()).toBe(1006);
    expect(alive.closeCode).toBeUndefined();
    await timed[Symbol.asyncDispose]();
    expect(await alive.closed()).toBe(1001);
  });

  test('whoever does not say hello is sent away', async () => {
    const clock = new ManualClock();
    const timed = await startReplica(stores, { clock });
    const client = await timed.connect();
    client.send({ type: 'ping' });
    await client.next('pong');
    await clock.advance(25_000);
    expect(await client.closed()).toBe(1008);
    await timed[Symbol.asyncDispose]();
  });
});
