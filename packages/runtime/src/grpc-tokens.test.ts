import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { Agent, type AgentApi, AgentServiceService, type Caller, type CallOptions, Offer } from '@tributary/contracts';
import { ManualClock } from '@tributary/testing';
import { SignJWT } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { bindGrpc, connectGrpc, createGrpcServer } from './grpc.ts';
import { openGrpcSecurity } from './grpc-security.ts';
import { createLogger } from './logger.ts';
import { parseSigningKey, signToken } from './tokens.ts';

const logger = createLogger('test', 'silent');
const minuteMs = 60_000;
const ada: Caller = { actor: 'ada', role: 'agent', regions: ['cn', 'apac'] };

function makeKey(owner: string, kid = `${owner}-1`) {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { ...jwk, kid, owner };
}
type Jwk = ReturnType<typeof makeKey>;

/** A router that answers with who called, keys in files, and a clock that stands still. */
async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-tokens-'));
  const clock = new ManualClock();
  const keysFile = join(folder, 'keys.json');
  const put = (...keys: readonly Jwk[]) =>
    writeFileSync(keysFile, JSON.stringify({ keys: keys.map(({ d: _, ...key }) => ({ ...key, alg: 'EdDSA' })) }));
  const people = makeKey('people');
  const phone = makeKey('gateway-phone');
  put(people, phone);
  const security = openGrpcSecurity({ TOKEN_KEYS_FILE: keysFile }, { services: ['router'], clock, logger });
  const callers: (Caller | undefined)[] = [];
  let tell = () => {};
  const note = ({ caller }: CallOptions = {}) => {
    callers.push(caller);
    return Agent.fromPartial({ id: caller?.actor ?? '' });
  };
  const agents = {
    ...Object.fromEntries(Object.keys(AgentServiceService).map((name) => [name, async () => ({})])),
    getAgent: async (_, options) => note(options),
    async *watchOffers(_, options) {
      note(options);
      for (let id = 1; ; id++) {
        yield Offer.fromPartial({ id: `${id}` });
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      }
    },
  } as Partial<AgentApi> as AgentApi;
  const server = createGrpcServer({
    bindings: [bindGrpc('tributary.agents.v1.AgentService', AgentServiceService, agents)],
    ...{ host: '127.0.0.1', port: 0, logger, ...security },
  });
  await server.start();
  onTestFinished(async () => {
    tell();
    await server.stop();
    await security[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
  const connect = (token?: () => Promise<string>) => {
    const channel = connectGrpc(`127.0.0.1:${server.port}`, { token });
    onTestFinished(() => channel[Symbol.asyncDispose]());
    return channel.api(AgentServiceService);
  };
  const sign = (caller: Caller = ada, { key = people, audience = ['router'], lifeMs = 60 * minuteMs } = {}) =>
    signToken(caller, parseSigningKey(JSON.stringify(key)), { audience, lifeMs, nowMs: clock.now() });
  return {
    ...{ folder, clock, put, people, phone, callers, connect, sign, port: server.port },
    tell: () => tell(),
    call: (token?: string) => connect(token === undefined ? undefined : async () => token).getAgent({ id: '' }),
  };
}

const unauthenticated = (message: string) => ({ code: status.UNAUTHENTICATED, message });
const notValid = unauthenticated('the token is not valid here');

test('the one who is called knows who calls, in a call and in a stream', async () => {
  const { call, callers, connect, sign } = await start();
  await call(await sign());
  const token = await sign();
  const stream = connect(async () => token).watchOffers({ agentId: '' });
  for await (const _ of stream) break;
  expect(callers).toEqual([ada, ada]);
});

test('without a token, or with half of one, nothing is reached', async () => {
  const { call, callers, sign } = await start();
  await expect(call()).rejects.toMatchObject(
    unauthenticated('a token is needed in the metadata: "authorization: Bearer …"'),
  );
  await expect(call((await sign()).slice(0, -9))).rejects.toMatchObject(notValid);
  await expect(call('nonsense')).rejects.toMatchObject(notValid);
  expect(callers).toEqual([]);
});

test('a token for another service, of another key, or that lives too long is refused', async () => {
  const { call, sign } = await start();
  await expect(call(await sign(ada, { audience: ['ticketing'] }))).rejects.toMatchObject(notValid);
  await expect(call(await sign(ada, { key: makeKey('people', 'stranger') }))).rejects.toMatchObject(notValid);
  await expect(call(await sign(ada, { key: makeKey('people') }))).rejects.toMatchObject(notValid);
  await expect(call(await sign(ada, { lifeMs: 25 * 60 * minuteMs }))).rejects.toMatchObject(notValid);
  await expect(call(await sign(ada, { audience: ['ticketing', 'router'] }))).resolves.toMatchObject({ id: 'ada' });
});

test('an unsigned token, or one signed with the public key as a secret, is refused', async () => {
  const { call, sign, people } = await start();
  const [, payload] = (await sign()).split('.');
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
  await expect(call(unsigned)).rejects.toMatchObject(notValid);
  const hmac = await new SignJWT({ ...ada, sub: 'ada' })
    .setProtectedHeader({ alg: 'HS256', kid: people.kid })
    .setExpirationTime('1h')
    .sign(Buffer.from(String(people.x), 'base64url'));
  await expect(call(hmac)).rejects.toMatchObject(notValid);
});

test('the key of a service names this service and nobody else; the key of people names no service', async () => {
  const { call, sign, phone, callers } = await start();
  const service: Caller = { actor: 'gateway-phone', role: 'service', regions: [] };
  await call(await sign(service, { key: phone }));
  expect(callers).toEqual([service]);
  await expect(call(await sign({ ...service, actor: 'router' }, { key: phone }))).rejects.toMatchObject(notValid);
  await expect(call(await sign({ ...service, role: 'manager' }, { key: phone }))).rejects.toMatchObject(notValid);
  await expect(call(await sign(service))).rejects.toMatchObject(notValid);
});

test('a token counts until it expires, and a stream tells nothing after that', async () => {
  const { call, clock, connect, sign, tell } = await start();
  const token = await sign(ada, { lifeMs: 5 * minuteMs });
  const stream = connect(async () => token)
    .watchOffers({ agentId: '' })
    [Symbol.asyncIterator]();
  await stream.next();
  await clock.advance(4 * minuteMs);
  await expect(call(token)).resolves.toMatchObject({ id: 'ada' });
  await clock.advance(2 * minuteMs);
  const expired = unauthenticated('the token has expired');
  await expect(call(token)).rejects.toMatchObject(expired);
  const next = stream.next();
  tell();
  await expect(next).rejects.toMatchObject(expired);
});

test('keys rotate while calls go on: the next key is known before it signs, the former until it is taken away', async () => {
  const { call, clock, put, people, sign } = await start();
  const next = makeKey('people', 'people-2');
  await expect(call(await sign(ada, { key: next }))).rejects.toMatchObject(notValid);
  put(people, next);
  await clock.advance(5000);
  const former = await sign();
  await expect(call(former)).resolves.toMatchObject({ id: 'ada' });
  await expect(call(await sign(ada, { key: next }))).resolves.toMatchObject({ id: 'ada' });
  put(next);
  await clock.advance(5000);
  await expect(call(former)).rejects.toMatchObject(notValid);
  await expect(call(await sign(ada, { key: next }))).resolves.toMatchObject({ id: 'ada' });
});

test('a service renews its token by itself, and takes up a new signing key from its file', async () => {
  const { clock, callers, connect, folder, put, phone } = await start();
  const file = join(folder, 'signing-key.json');
  writeFileSync(file, JSON.stringify(phone));
  const dependencies = { name: 'gateway-phone', services: [], clock, logger };
  await using security = openGrpcSecurity({ TOKEN_SIGNING_KEY_FILE: file }, dependencies);
  const token = security.tokenFor('router');
  const agents = connect(token);
  await agents.getAgent({ id: '' });
  const first = await token?.();
  expect(await token?.()).toBe(first);
  await clock.advance(30 * minuteMs);
  await agents.getAgent({ id: '' });
  expect(await token?.()).not.toBe(first);

  const next = makeKey('gateway-phone', 'gateway-phone-2');
  put(next);
  writeFileSync(file, JSON.stringify(next));
  await clock.advance(5000);
  await agents.getAgent({ id: '' });
  expect(callers).toHaveLength(3);
  await expect(connect(security.tokenFor('ticketing')).getAgent({ id: '' })).rejects.toMatchObject(notValid);
});

test('health and reflection answer everybody', async () => {
  const { port } = await start();
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const same = (bytes: Buffer) => bytes;
  const answer = await new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      same,
      same,
      Buffer.alloc(0),
      new Metadata(),
      (error, found) => (error ? reject(error) : resolve(found)),
    );
  });
  expect(answer).toEqual(Buffer.from([0x08, 0x01]));
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
  const call = client.makeBidiStreamRequest(path, same, same);
  // ServerReflectionRequest{list_services = ""}
  call.write(Buffer.from([0x3a, 0x00]));
  const [listed] = await new Promise<Buffer[]>((resolve, reject) => {
    call.on('data', (data: Buffer) => resolve([data]));
    call.on('error', reject);
  });
  call.cancel();
  client.close();
  expect(String(listed)).toContain('tributary.agents.v1.AgentService');
});

test('bad key files are refused by their variable, and a private key is never quoted', async () => {
  const { folder, phone } = await start();
  const file = join(folder, 'bad.json');
  const open = (variable: string, content: string) => () => {
    writeFileSync(file, content);
    openGrpcSecurity({ [variable]: file }, { name: 'router', services: [], clock: new ManualClock(), logger });
  };
  expect(open('TOKEN_KEYS_FILE', '{"keys":[]}')).toThrow(/TOKEN_KEYS_FILE: must be a JSON Web Key Set .* keys: /);
  expect(open('TOKEN_KEYS_FILE', '{"keys":[{"kty":"RSA"}]}')).toThrow(/keys\.0\.kty.*keys\.0\.kid/);
  expect(open('TOKEN_SIGNING_KEY_FILE', JSON.stringify(phone))).toThrow(
    'holds a key of gateway-phone, and this is router',
  );
  expect(open('TOKEN_SIGNING_KEY_FILE', 'secret words')).toThrow(expect.not.stringContaining('secret'));
});
