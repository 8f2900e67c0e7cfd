import { ManualClock } from '@tributary/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inboundOf, openStores, type Replica, type Stores, startReplica } from './chat-harness.ts';

let stores: Stores;
let clock: ManualClock;
let replica: Replica;

async function start(environment: Record<string, string>): Promise<void> {
  replica = await startReplica(stores, { clock, environment });
}

beforeEach(async () => {
  stores = await openStores();
  clock = new ManualClock();
});

afterEach(async () => {
  await replica[Symbol.asyncDispose]();
  await stores[Symbol.asyncDispose]();
});

test('messages above the rate of a session are refused before they are stored, with when to come again', async () => {
  await start({ CHAT_MESSAGES_PER_MINUTE: '6' });
  const inbound = await inboundOf(stores.eventLog);
  const client = await replica.join();
  client.write('one');
  client.write('two');
  const third = client.write('three');
  expect(await client.next('error')).toEqual({
    type: 'error',
    clientId: third,
    code: 'rate_limited',
    message: 'too many messages in this chat: at most 6 per minute',
    limit: 6,
    retryAfterMs: 10_000,
  });
  expect(inbound.map((message) => message.text)).toEqual(['one', 'two']);
  await clock.advance(9_999);
  client.write('three');
  expect(await client.next('error')).toMatchObject({ code: 'rate_limited', retryAfterMs: 1 });
  await clock.advance(1);
  client.send({ type: 'message', clientId: third, text: 'three' });
  for (let count = 0; count < 2; count++) await client.next('ack');
  expect(await client.next('ack')).toMatchObject({ clientId: third, sequence: 3 });
});

test('messages above the rate of an address are refused over all its sessions', async () => {
  await start({ CHAT_ADDRESS_MESSAGES_PER_MINUTE: '3' });
  const first = await replica.join();
  const second = await replica.join();
  first.write('one');
  await first.next('ack');
  second.write('two');
  expect(await second.next('error')).toMatchObject({ code: 'rate_limited', limit: 3, retryAfterMs: 20_000 });
});

test('new sessions of an address are limited, over both ways to begin one', async () => {
  await start({ CHAT_ADDRESS_SESSIONS_PER_MINUTE: '6' });
  const client = await replica.join();
  const begin = () =>
    replica.fetch('/chat/v1/sessions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ site: 'demo' }),
    });
  expect((await begin()).status).toBe(201);
  const refused = await begin();
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('10');
  expect(await refused.json()).toMatchObject({ code: 'rate_limited', limit: 6, retryAfterMs: 10_000 });
  const other = await replica.connect();
  other.send({ type: 'hello', version: 1, site: 'demo' });
  expect(await other.next('error')).toMatchObject({ code: 'rate_limited' });
  // Going on with a session is no new one.
  await replica.join({ token: client.session.token });
});

test('connections of a session and of an address are limited', async () => {
  await start({ CHAT_MAX_CONNECTIONS_PER_SESSION: '2', CHAT_MAX_CONNECTIONS_PER_ADDRESS: '3' });
  const first = await replica.join();
  const { token } = first.session;
  await replica.join({ token });
  const third = await replica.connect();
  third.send({ type: 'hello', version: 1, site: 'demo', token });
  expect(await third.next('error')).toMatchObject({ code: 'too_many_connections', limit: 2 });
  const fourth = await replica.connect();
  expect(await fourth.next('error')).toMatchObject({ code: 'too_many_connections', limit: 3 });
  expect(await fourth.closed()).toBe(1008);
  first.socket.close();
  await first.closed();
  third.send({ type: 'hello', version: 1, site: 'demo', token });
  await third.next('welcome');
});

test('a page of another origin is refused unless the allow-list names it', async () => {
  await start({ CHAT_ORIGINS: 'https://shop.example' });
  await replica.connect({ origin: 'https://shop.example' });
  await replica.connect({ origin: `http://127.0.0.1:${replica.port}` });
  await expect(replica.connect({ origin: 'https://evil.example' })).rejects.toThrow('403');
  await expect(replica.connect({ origin: 'null' })).rejects.toThrow('403');
  const refused = await replica.fetch('/chat/v1/sessions', {
    method: 'POST',
    headers: { origin: 'https://evil.example', 'content-type': 'application/json' },
    body: '{}',
  });
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({
    code: 'origin_not_allowed',
    message: expect.stringContaining('CHAT_ORIGINS'),
  });
  const preflight = await replica.fetch('/chat/v1/files', {
    method: 'OPTIONS',
    headers: { origin: 'https://shop.example' },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://shop.example');
  expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
});

test('a session can begin without a WebSocket', async () => {
  await start({});
  const response = await replica.fetch('/chat/v1/sessions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ site: 'demo', name: 'Ada' }),
  });
  expect(response.status).toBe(201);
  const { sessionId, token } = (await response.json()) as { sessionId: string; token: string };
  const client = await replica.join({ token });
  expect(client.session.sessionId).toBe(sessionId);
  for (const [body, error] of [
    ['{', { code: 'bad_frame' }],
    ['{}', { code: 'bad_frame', field: 'site' }],
    ['{"site":"other"}', { code: 'unknown_site', field: 'site' }],
  ] as const) {
    const bad = await replica.fetch('/chat/v1/sessions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject(error);
  }
});

test('a token no longer counts when its days are over', async () => {
  await start({ CHAT_SESSION_DAYS: '1' });
  const client = await replica.join();
  await clock.advance(24 * 60 * 60 * 1000 + 1000);
  const again = await replica.connect();
  again.send({ type: 'hello', version: 1, site: 'demo', token: client.session.token });
  expect(await again.next('error')).toMatchObject({ code: 'invalid_session' });
});
