import type { Rate } from '@tributary/gateway-kit';
import { ConfigError, readConfig } from '@tributary/runtime';
import { z } from 'zod';
import { knownMediaTypes } from './domain/media-type.ts';

export interface ChatConfig {
  /** The site's id: the account of its messages. */
  readonly site: string;
  /** Origins whose pages may use the chat, beside this server's own; `*` for all. */
  readonly origins: readonly string[];
  /** Signs session tokens. Absent: made once and kept in the document store. */
  readonly tokenKey: Uint8Array | undefined;
  /** A session token's life since its last renewal. */
  readonly sessionDays: number;
  /** In every such interval a connection must show that it lives. */
  readonly heartbeatMs: number;
  /** A visitor who has written and then has no connection for so long has left. At least twice the heartbeat. */
  readonly leftAfterMs: number;
  readonly limits: {
    readonly textCharacters: number;
    readonly uploadBytes: number;
    readonly uploadsPerMessage: number;
    readonly uploadsPerSession: number;
    readonly uploadMediaTypes: readonly string[];
    readonly connectionsPerSession: number;
    readonly connectionsPerAddress: number;
  };
  readonly rates: {
    readonly messagesPerSession: Rate;
    readonly messagesPerAddress: Rate;
    readonly sessionsPerAddress: Rate;
    readonly uploadsPerAddress: Rate;
  };
}

const count = (byDefault: number) => z.coerce.number({ error: 'must be a number' }).int().min(1).default(byDefault);

/** The variables and what each may be; README.md has them as a table. */
export const chatVariables = {
  CHAT_SITE: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 lower-case letters, digits and hyphens')
    .default('demo'),
  CHAT_ORIGINS: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((origin) => origin.trim())
        .filter((origin) => origin !== ''),
    )
    .pipe(z.array(z.string().refine(isOrigin, 'each must be * or an origin such as https://shop.example')))
    .default([]),
  CHAT_TOKEN_KEY: z
    .base64('must be base64')
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((key) => key.length >= 32, 'must be at least 32 bytes in base64')
    .optional(),
  CHAT_SESSION_DAYS: count(30),
  CHAT_HEARTBEAT_MS: z.coerce.number().int().min(1000).max(120_000).default(25_000),
  CHAT_LEFT_AFTER_MS: z.coerce.number().int().min(2000).max(3_600_000).optional(),
  CHAT_MAX_TEXT_CHARACTERS: count(4000).pipe(z.number().max(50_000)),
  CHAT_MAX_UPLOAD_BYTES: count(10 * 1024 * 1024),
  CHAT_MAX_UPLOADS_PER_MESSAGE: count(10),
  CHAT_MAX_UPLOADS_PER_SESSION: count(50),
  CHAT_UPLOAD_TYPES: z
    .string()
    .transform((text) => text.split(',').map((type) => type.trim()))
    .pipe(z.array(z.enum(knownMediaTypes, { error: `each must be one of ${knownMediaTypes.join(', ')}` })))
    .default([...knownMediaTypes]),
  CHAT_MAX_CONNECTIONS_PER_SESSION: count(10),
  CHAT_MAX_CONNECTIONS_PER_ADDRESS: count(200),
  CHAT_MESSAGES_PER_MINUTE: count(60),
  CHAT_ADDRESS_MESSAGES_PER_MINUTE: count(1200),
  CHAT_ADDRESS_SESSIONS_PER_MINUTE: count(60),
  CHAT_ADDRESS_UPLOADS_PER_MINUTE: count(60),
};

/** @throws ConfigError naming every variable that is wrong. */
export function readChatConfig(environment: Readonly<Record<string, string | undefined>>): ChatConfig {
  const values = readConfig(chatVariables, environment);
  const leastMs = 2 * values.CHAT_HEARTBEAT_MS;
  const leftAfterMs = values.CHAT_LEFT_AFTER_MS ?? Math.max(60_000, leastMs);
  if (leftAfterMs < leastMs) {
    throw new ConfigError(
      `CHAT_LEFT_AFTER_MS: must be at least ${leastMs}, twice CHAT_HEARTBEAT_MS, or who is there counts as gone`,
    );
  }
  return {
    site: values.CHAT_SITE,
    origins: values.CHAT_ORIGINS,
    tokenKey: values.CHAT_TOKEN_KEY,
    sessionDays: values.CHAT_SESSION_DAYS,
    heartbeatMs: values.CHAT_HEARTBEAT_MS,
    leftAfterMs,
    limits: {
      textCharacters: values.CHAT_MAX_TEXT_CHARACTERS,
      uploadBytes: values.CHAT_MAX_UPLOAD_BYTES,
      uploadsPerMessage: values.CHAT_MAX_UPLOADS_PER_MESSAGE,
      uploadsPerSession: values.CHAT_MAX_UPLOADS_PER_SESSION,
      uploadMediaTypes: values.CHAT_UPLOAD_TYPES,
      connectionsPerSession: values.CHAT_MAX_CONNECTIONS_PER_SESSION,
      connectionsPerAddress: values.CHAT_MAX_CONNECTIONS_PER_ADDRESS,
    },
    rates: {
      messagesPerSession: rate(values.CHAT_MESSAGES_PER_MINUTE),
      messagesPerAddress: rate(values.CHAT_ADDRESS_MESSAGES_PER_MINUTE),
      sessionsPerAddress: rate(values.CHAT_ADDRESS_SESSIONS_PER_MINUTE),
      uploadsPerAddress: rate(values.CHAT_ADDRESS_UPLOADS_PER_MINUTE),
    },
  };
}

/** A third of a minute's allowance may come at once. */
function rate(perMinute: number): Rate {
  return { perMinute, burst: Math.max(1, Math.ceil(perMinute / 3)) };
}

function isOrigin(text: string): boolean {
  return text === '*' || (URL.canParse(text) && new URL(text).origin === text);
}
