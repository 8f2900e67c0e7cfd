import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Role } from '@tributary/contracts';
import {
  maxTokenLifeMs,
  parseSigningKey,
  parseTokenKeys,
  peopleOwner,
  signToken,
  type TokenKeys,
} from '@tributary/runtime';
import type { CliContext, GlobalOptions } from '../context.ts';
import { notFoundFailure, usageFailure } from '../failure.ts';
import { printJson } from '../text/json.ts';

interface KeyOptions extends GlobalOptions {
  readonly for: string;
  readonly folder: string;
}

/** Makes an owner's signing key and the one after it, and adds both to the public ones. */
export async function createKeys(context: CliContext, options: KeyOptions): Promise<void> {
  if (!/^[a-z][a-z0-9-]*$/.test(options.for)) throw usageFailure("--for must be a service's name, or 'people'");
  const files = filesOf(context, options);
  if (existsSync(files.signing)) {
    throw usageFailure(`${options.for} has a key in ${options.folder}; 'tributary keys rotate' makes the next one`);
  }
  mkdirSync(files.folder, { recursive: true, mode: 0o700 });
  const [signing, next] = [makeKey(context, options.for), makeKey(context, options.for)];
  const others = existsSync(files.known) ? parseTokenKeys(readFileSync(files.known, 'utf8')).keys : [];
  writePublic(files.known, [...others, signing, next]);
  writePrivate(files.next, next);
  writePrivate(files.signing, signing);
  report(context, options, { signing: signing.kid, next: next.kid });
}

/** The next key signs from now on, and a new one comes after it. Every step leaves keys that fit together. */
export async function rotateKeys(context: CliContext, options: KeyOptions): Promise<void> {
  const files = filesOf(context, options);
  const signing = readPrivate(files.signing, options);
  const next = readPrivate(files.next, options);
  const fresh = makeKey(context, options.for);
  const known = parseTokenKeys(readFileSync(files.known, 'utf8')).keys;
  const stay = known.filter(({ owner, kid }) => owner !== options.for || kid === signing.kid || kid === next.kid);
  writePublic(files.known, [...stay, fresh]);
  writePrivate(files.signing, JSON.parse(readFileSync(files.next, 'utf8')));
  writePrivate(files.next, fresh);
  report(context, options, { signing: next.kid, next: fresh.kid });
}

/** Prints a token of a person. */
export async function createToken(
  context: CliContext,
  options: GlobalOptions & {
    readonly isNamed: boolean;
    readonly role: Role;
    readonly regions?: string;
    /** Milliseconds. */
    readonly ttl: number;
    readonly folder: string;
  },
): Promise<void> {
  const { actor, role, ttl: lifeMs } = options;
  if (!options.isNamed) throw usageFailure('--actor must name the person: their agent id');
  const regions = (options.regions ?? '').split(',').flatMap((region) => region.trim() || []);
  if (regions.length === 0 && role !== 'manager') throw usageFailure(`--regions must name what a ${role} sees`);
  if (lifeMs > maxTokenLifeMs) throw usageFailure('--ttl must be at most 24h');
  const { signing } = filesOf(context, { ...options, for: peopleOwner });
  const key = readPrivate(signing, { ...options, for: peopleOwner });
  const audience = ['ticketing', 'router'];
  const token = await signToken({ actor, role, regions }, key, { audience, lifeMs, nowMs: context.now() });
  if (options.json) printJson(context, { token, expiresTime: new Date(context.now() + lifeMs).toISOString() });
  else context.stdout.write(`${token}\n`);
}

function filesOf({ workingDirectory }: CliContext, { for: owner, folder: given }: Pick<KeyOptions, 'for' | 'folder'>) {
  const folder = resolve(workingDirectory, given);
  return {
    folder,
    known: join(folder, 'keys.json'),
    signing: join(folder, `${owner}.signing-key.json`),
    next: join(folder, `${owner}.next-signing-key.json`),
  };
}

function readPrivate(path: string, { for: owner, folder }: Pick<KeyOptions, 'for' | 'folder'>) {
  if (!existsSync(path)) {
    throw notFoundFailure(`${folder} holds no key of ${owner}; 'tributary keys create --for ${owner}' makes one`);
  }
  return parseSigningKey(readFileSync(path, 'utf8'));
}

type Jwk = ReturnType<typeof makeKey>;

function makeKey({ now }: CliContext, owner: string) {
  const { kty, crv, x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const kid = `${owner}-${new Date(now()).toISOString().slice(0, 10)}-${randomBytes(4).toString('hex')}`;
  return { kty, crv, x, d, kid, owner, alg: 'EdDSA', use: 'sig' };
}

function writePublic(path: string, keys: readonly (Jwk | TokenKeys['keys'][number])[]): void {
  write(
    path,
    { keys: keys.map(({ kty, crv, x, kid, owner }) => ({ kty, crv, x, kid, owner, alg: 'EdDSA', use: 'sig' })) },
    0o644,
  );
}

function writePrivate(path: string, key: unknown): void {
  write(path, key, 0o600);
}

/** Whole or not at all. */
function write(path: string, content: unknown, mode: number): void {
  writeFileSync(`${path}.tmp`, `${JSON.stringify(content, null, 2)}\n`, { mode });
  renameSync(`${path}.tmp`, path);
}

function report(
  context: CliContext,
  { json, for: owner, folder }: KeyOptions,
  { signing, next }: { readonly signing: string; readonly next: string },
): void {
  if (json) {
    printJson(context, { owner, signing, next });
    return;
  }
  const holder =
    owner === peopleOwner ? "'tributary tokens create' signs with it" : `TOKEN_SIGNING_KEY_FILE of ${owner}`;
  context.stdout.write(`${signing} signs for ${owner}; ${next} comes after it.
  ${folder}/keys.json  TOKEN_KEYS_FILE of every service that is called
  ${folder}/${owner}.signing-key.json  secret: ${holder}
  ${folder}/${owner}.next-signing-key.json  secret: stays where keys are made
`);
}
