import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metadata } from '@grpc/grpc-js';
import { StatusError } from '@tributary/contracts';
import { createAuthenticate, parseSigningKey, parseTokenKeys, signToken } from '@tributary/runtime';
import { ManualClock } from '@tributary/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cli, ticket } from './cli.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

// When every command of these tests runs.
const clock = new ManualClock('2026-11-22T09:00:00Z');
const keys = (...words: string[]) => cli(['keys', ...words, '--folder', folder]);
const read = (file: string) => readFileSync(join(folder, file), 'utf8');
const kids = () => parseTokenKeys(read('keys.json')).keys.map(({ kid }) => kid);
const token = (...words: string[]) => cli(['tokens', 'create', '--folder', folder, ...words]);

/** What the services think of a token. */
async function ask(value: string, services = ['ticketing']) {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${value.trim()}`);
  return (await createAuthenticate(services, () => parseTokenKeys(read('keys.json')), clock)(metadata)).caller;
}

test('keys are made for services and people; only the private ones are secret, and nobody else can read them', async () => {
  expect((await keys('create', '--for', 'router')).exitCode).toBe(0);
  const made = await keys('create', '--for', 'people');
  expect(made.stdout).toMatch(/^people-2026-11-22-\w{8} signs for people/);
  expect(read('keys.json')).not.toContain('"d"');
  expect(parseTokenKeys(read('keys.json')).keys.map(({ owner }) => owner)).toEqual([
    'router',
    'router',
    'people',
    'people',
  ]);
  for (const file of readdirSync(folder)) {
    expect([file, statSync(join(folder, file)).mode & 0o777]).toEqual([file, file === 'keys.json' ? 0o644 : 0o600]);
  }
  const again = await keys('create', '--for', 'router');
  expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("'tributary keys rotate'") });
});

test('a token says who, as what, and where, and both services take it', async () => {
  await keys('create', '--for', 'people');
  const made = await token('--actor', 'ada', '--role', 'agent', '--regions', 'cn, apac');
  expect(await ask(made.stdout)).toEqual({ actor: 'ada', role: 'agent', regions: ['cn', 'apac'] });
  expect(await ask(made.stdout, ['router'])).toMatchObject({ actor: 'ada' });
  const manager = await token('--actor', 'max', '--role', 'manager', '--ttl', '24h');
  expect(await ask(manager.stdout)).toEqual({ actor: 'max', role: 'manager', regions: [] });
});

test('what is missing for a token is named', async () => {
  const agent = ['--role', 'agent', '--regions', 'cn'];
  expect((await token('--actor', 'ada', ...agent)).stderr).toContain("'tributary keys create --for people'");
  await keys('create', '--for', 'people');
  expect(await token(...agent)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--actor') });
  expect((await token('--actor', 'ada', '--role', 'agent')).stderr).toContain('--regions');
  expect((await token('--actor', 'ada', '--role', 'king')).stderr).toContain('agent, supervisor, manager');
  expect((await token('--actor', 'ada', ...agent, '--ttl', '25h')).stderr).toContain('at most 24h');
});

test('rotating takes a key that is known already, keeps the former known, and forgets the one before', async () => {
  await keys('create', '--for', 'router');
  await keys('create', '--for', 'people');
  const first = await token('--actor', 'max', '--role', 'manager');
  const [, , current, next] = kids();
  await keys('rotate', '--for', 'people');
  expect(parseSigningKey(read('people.signing-key.json')).kid).toBe(next);
  expect(kids().slice(2)).toEqual([current, next, parseSigningKey(read('people.next-signing-key.json')).kid]);
  expect(kids()).toHaveLength(5);
  expect(await ask(first.stdout)).toMatchObject({ actor: 'max' });
  const second = await token('--actor', 'max', '--role', 'manager');
  await keys('rotate', '--for', 'people');
  await expect(ask(first.stdout)).rejects.toMatchObject({ message: 'the token is not valid here' });
  expect(await ask(second.stdout)).toMatchObject({ actor: 'max' });
  const caller = { actor: 'router', role: 'service', regions: [] } as const;
  const life = { audience: ['ticketing'], lifeMs: 1000, nowMs: clock.now() };
  expect(await ask(await signToken(caller, parseSigningKey(read('router.signing-key.json')), life))).toEqual(caller);
});

test('the actor of a command is whom the token names, unless told otherwise', async () => {
  await keys('create', '--for', 'people');
  const made = await token('--actor', 'ada', '--role', 'agent', '--regions', 'cn');
  const note = (environment: Record<string, string>) =>
    cli(['tickets', 'note', '1', '--text', 'x'], { environment, tickets: { addNote: async () => ticket } });
  const actor = async (environment: Record<string, string>) => (await note(environment)).calls['addNote']?.[0];
  expect(await actor({ TRIBUTARY_TOKEN: made.stdout })).toMatchObject({ context: { actor: { id: 'ada' } } });
  expect(await actor({ TRIBUTARY_TOKEN: 'nonsense' })).toMatchObject({ context: { actor: { id: 'dev' } } });
  const both = { TRIBUTARY_TOKEN: made.stdout, TRIBUTARY_ACTOR: 'bob' };
  expect(await actor(both)).toMatchObject({ context: { actor: { id: 'bob' } } });
});

test('not being let in says what to do about it', async () => {
  const refuse = (code: number, message: string) =>
    cli(['tickets', 'show', '1'], {
      tickets: {
        getTicket: async () => {
          throw new StatusError(code, message);
        },
      },
    });
  const stranger = await refuse(16, 'the token has expired');
  expect(stranger).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('TRIBUTARY_TOKEN_FILE') });
  expect(await refuse(7, 'this call is for service only')).toMatchObject({
    exitCode: 5,
    stderr: 'Not allowed: this call is for service only\n',
  });
});
