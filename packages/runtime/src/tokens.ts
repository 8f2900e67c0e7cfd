import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { type Caller, roles, unauthenticated } from '@tributary/contracts';
import { createLocalJWKSet, errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Clock } from './clock.ts';

const algorithm = 'EdDSA';
const issuer = 'tributary';
/** Longest life of a token, in milliseconds. */
export const maxTokenLifeMs = 24 * 60 * 60 * 1000;
const serviceTokenLifeMs = 5 * 60 * 1000;
const clockToleranceS = 30;
/** Whose key signs the tokens of people. */
export const peopleOwner = 'people';

const publicKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  kid: z.string().min(1),
  /** Who may be named by tokens of this key: the service of this name alone, or with `people` anybody but a service. */
  owner: z.string().min(1),
});
const keySet = z.object({ keys: z.array(publicKey.strip()).min(1) });
const privateKey = publicKey.extend({ d: z.string() });

export type PublicKey = z.infer<typeof publicKey>;
export type PrivateKey = z.infer<typeof privateKey>;

/** Keys that tokens are checked with: a JSON Web Key Set (RFC 7517) of Ed25519 keys, each with `kid` and `owner`. */
export interface TokenKeys {
  readonly keys: readonly PublicKey[];
}

export interface SigningKey {
  readonly kid: string;
  readonly owner: string;
  readonly key: KeyObject;
}

/** @throws Error saying which member is wrong. */
export function parseTokenKeys(json: string): TokenKeys {
  return checked(keySet, json, 'a JSON Web Key Set of Ed25519 keys');
}

/** @throws Error saying which member is wrong. */
export function parseSigningKey(json: string): SigningKey {
  const { kid, owner, ...jwk } = checked(privateKey, json, 'a private Ed25519 key as JSON Web Key');
  return { kid, owner, key: createPrivateKey({ key: jwk, format: 'jwk' }) };
}

function checked<T>(schema: z.ZodType<T>, json: string, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The parser's own words would quote the file, and it may be a private key.
    throw new Error(`must be ${what}, is no JSON`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`);
  throw new Error(`must be ${what}: ${problems.join('; ')}`);
}

/**
 * A token that says who calls.
 * @param audience The services it is good for.
 * @param lifeMs At most `maxTokenLifeMs`, or no service takes it.
 */
export async function signToken(
  caller: Caller,
  { key, kid }: SigningKey,
  {
    audience,
    lifeMs,
    nowMs,
  }: { readonly audience: readonly string[]; readonly lifeMs: number; readonly nowMs: number },
): Promise<string> {
  return new SignJWT({ role: caller.role, regions: [...caller.regions] })
    .setProtectedHeader({ alg: algorithm, kid })
    .setIssuer(issuer)
    .setSubject(caller.actor)
    .setAudience([...audience])
    .setIssuedAt(Math.floor(nowMs / 1000))
    .setExpirationTime(Math.floor((nowMs + lifeMs) / 1000))
    .sign(key);
}

/** Gives tokens of a service for the services it calls; each is used for half of its life. */
export function createTokenSource(
  actor: string,
  signingKey: () => SigningKey,
  clock: Clock,
): (audience: string) => Promise<string> {
  const issued = new Map<
    string,
    { readonly token: Promise<string>; readonly kid: string; readonly renewAtMs: number }
  >();
  return (audience) => {
    const nowMs = clock.now();
    const key = signingKey();
    const former = issued.get(audience);
    if (former !== undefined && former.kid === key.kid && nowMs < former.renewAtMs) return former.token;
    const caller: Caller = { actor, role: 'service', regions: [] };
    const token = signToken(caller, key, { audience: [audience], lifeMs: serviceTokenLifeMs, nowMs });
    issued.set(audience, { token, kid: key.kid, renewAtMs: nowMs + serviceTokenLifeMs / 2 });
    return token;
  };
}

/** A caller who was let in. */
export interface Admission {
  readonly caller: Caller;
  /** True when the token has run out since: nothing more is told to them. */
  hasExpired(): boolean;
}

/** Finds out who calls from a call's metadata. @throws StatusError UNAUTHENTICATED */
export type Authenticate = (metadata: Metadata) => Promise<Admission>;

const claims = z.object({
  sub: z.string().min(1).max(256),
  role: z.enum(roles),
  regions: z.array(z.string()).default([]),
  iat: z.number(),
  exp: z.number(),
});

/** @param audience The services that answer here; a token must be for one of them. */
export function createAuthenticate(
  audience: readonly string[],
  tokenKeys: () => TokenKeys,
  clock: Clock,
): Authenticate {
  return async (metadata) => {
    const [header] = metadata.get('authorization');
    const [, token] = /^Bearer ([\w.-]+)$/i.exec(String(header ?? '')) ?? [];
    if (token === undefined) throw unauthenticated('a token is needed in the metadata: "authorization: Bearer …"');
    const { keys } = tokenKeys();
    const nowMs = clock.now();
    const { sub: actor, role, regions, exp, iat, kid } = await verify(token, keys, audience, nowMs);
    const owner = keys.find((key) => key.kid === kid)?.owner;
    // Whoever steals a service's key is that service, and nobody else.
    const isOwners = role === 'service' ? owner === actor : owner === peopleOwner;
    if (!isOwners || (exp - iat) * 1000 > maxTokenLifeMs) throw refused();
    return { caller: { actor, role, regions }, hasExpired: () => clock.now() > (exp + clockToleranceS) * 1000 };
  };
}

async function verify(token: string, keys: readonly PublicKey[], audience: readonly string[], nowMs: number) {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet({ keys: [...keys] }), {
      algorithms: [algorithm],
      issuer,
      audience: [...audience],
      requiredClaims: ['exp', 'iat', 'sub'],
      clockTolerance: clockToleranceS,
      currentDate: new Date(nowMs),
    });
    const parsed = claims.safeParse(payload);
    if (!parsed.success) throw refused();
    return { ...parsed.data, kid: protectedHeader.kid };
  } catch (error) {
    // Only after its signature was found good: whoever hears it holds a real one.
    if (error instanceof errors.JWTExpired) throw unauthenticated('the token has expired');
    if (error instanceof errors.JOSEError) throw refused();
    throw error;
  }
}

function refused() {
  return unauthenticated('the token is not valid here');
}
