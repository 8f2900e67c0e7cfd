import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { ConfigError, portNumber, readConfig, readYaml } from '@tributary/runtime';
import { z } from 'zod';
import type { MailLimits } from './ports.ts';

/** One of our mail addresses: where its mail is fetched and how its answers are sent. */
export interface EmailAccount {
  /** Lower case. */
  readonly address: string;
  /** Shown in From. */
  readonly name: string;
  /** Other addresses that arrive here, lower case. */
  readonly aliases: readonly string[];
  /** Region id or country that its mail suggests; empty for none. */
  readonly region: string;
  /** Absent: its mail comes by SMTP only. */
  readonly imap?: ImapSettings;
  /** Absent: `EMAIL_OUT` carries its mail. */
  readonly smtp?: SmtpSettings;
}

export interface ImapSettings {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly user: string;
  readonly password: string;
  readonly mailbox: string;
}

export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly user?: string;
  readonly password?: string;
}

/** How mail leaves an account without a mail server of its own. */
export type EmailOut =
  | { readonly kind: 'folder'; readonly folder: string }
  | ({ readonly kind: 'smtp' } & SmtpSettings);

export interface EmailConfig {
  readonly accounts: readonly EmailAccount[];
  readonly out: EmailOut;
  /** The SMTP listener; undefined for none. */
  readonly smtpListener: { readonly host: string; readonly port: number } | undefined;
  /** Addresses or networks of our own mail servers, whose Authentication-Results count when they speak SMTP to us. */
  readonly trustedRelays: readonly string[];
  /** authserv-ids of our own mail servers. */
  readonly trustedServers: readonly string[];
  /** Signs the tokens in reply addresses. Undefined: one is made and kept in the document store. */
  readonly tokenKey: string | undefined;
  readonly limits: MailLimits;
  readonly pollEveryMs: number;
  readonly idleForMs: number;
  /** How long a mail may wait for the log before the sender is told to come again. */
  readonly acceptTimeoutMs: number;
  readonly sendConcurrency: number;
}

const address = z
  .string()
  .regex(/^[^\s@+]+@[^\s@]+$/, 'must be a mail address without a + tag')
  .transform((text) => text.toLowerCase());

/** A password stands in the settings or in a file of its own. */
const secret = { password: z.string().optional(), passwordFile: z.string().optional() };

function passwordOf(settings: { password?: string | undefined; passwordFile?: string | undefined }) {
  return settings.passwordFile === undefined
    ? settings.password
    : readFileSync(settings.passwordFile, 'utf8').trimEnd();
}

const imapSettings = z
  .strictObject({
    host: z.string().min(1),
    port: z.number().int().min(1).max(65_535).default(993),
    secure: z.boolean().default(true),
    user: z.string().min(1),
    mailbox: z.string().min(1).default('INBOX'),
    ...secret,
  })
  .transform(({ passwordFile, password, ...settings }) => ({
    ...settings,
    password: passwordOf({ password, passwordFile }) ?? '',
  }));

const smtpSettings = z
  .strictObject({
    host: z.string().min(1),
    port: z.number().int().min(1).max(65_535).default(587),
    secure: z.boolean().default(false),
    user: z.string().min(1).optional(),
    ...secret,
  })
  .transform(({ passwordFile, password: plain, user, ...settings }) => {
    const password = passwordOf({ password: plain, passwordFile });
    return { ...settings, ...(user === undefined ? {} : { user }), ...(password === undefined ? {} : { password }) };
  });

const account = z
  .strictObject({
    address,
    name: z.string().default('Support'),
    aliases: z.array(address).default([]),
    region: z.string().default(''),
    imap: imapSettings.optional(),
    smtp: smtpSettings.optional(),
  })
  .transform(({ imap, smtp, ...rest }) => ({ ...rest, ...(imap && { imap }), ...(smtp && { smtp }) }));

const accounts = z
  .array(account)
  .min(1, 'must hold at least one account')
  .refine((all) => {
    const addresses = all.flatMap((each) => [each.address, ...each.aliases]);
    return new Set(addresses).size === addresses.length;
  }, 'must not name one address twice');

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

const megabytes = (byDefault: number) => z.coerce.number().positive().max(1000).default(byDefault);
const seconds = (byDefault: number) =>
  z.coerce
    .number()
    .positive()
    .max(24 * 3600)
    .default(byDefault);

const shape = {
  EMAIL_ACCOUNTS: z.string().default('[{"address":"support@tributary.local","name":"Support"}]'),
  EMAIL_OUT: z
    .string()
    .regex(/^(?:file:.+|smtps?:\/\/.+)$/, 'must be file:<folder>, smtp://[user:password@]host[:port] or smtps://…')
    .optional(),
  EMAIL_TOKEN_KEY: z.string().min(16, 'must have at least 16 characters').optional(),
  EMAIL_TRUSTED_SERVERS: list,
  EMAIL_TRUSTED_RELAYS: list.refine(
    (relays) => relays.every(isNetwork),
    'must be IP addresses or networks such as 10.0.0.0/8',
  ),
  EMAIL_MAX_MAIL_MB: megabytes(50),
  EMAIL_MAX_ATTACHMENT_MB: megabytes(25),
  EMAIL_MAX_PARTS: z.coerce.number().int().min(1).max(10_000).default(200),
  EMAIL_MAX_DEPTH: z.coerce.number().int().min(1).max(100).default(20),
  EMAIL_POLL_SECONDS: seconds(60),
  EMAIL_IDLE_SECONDS: seconds(9 * 60).refine(
    (value) => value < 29 * 60,
    'must be below 1740: servers drop IDLE at 30 min',
  ),
  EMAIL_ACCEPT_TIMEOUT_SECONDS: seconds(20),
  EMAIL_SEND_CONCURRENCY: z.coerce.number().int().min(1).max(100).default(10),
  SMTP_PORT: z.union([z.literal('off'), portNumber(2525)]).default(2525),
  SMTP_HOST: z.string().default('127.0.0.1'),
  TRIBUTARY_DATA_DIR: z.string().default('.data'),
};

/** @throws ConfigError naming every variable that is wrong. */
export function readEmailConfig(environment: Readonly<Record<string, string | undefined>>): EmailConfig {
  const settings = readConfig(shape, environment);
  const megabyte = 1024 * 1024;
  return {
    accounts: readAccounts(settings.EMAIL_ACCOUNTS),
    out: readOut(settings.EMAIL_OUT ?? `file:${settings.TRIBUTARY_DATA_DIR}/outbox`),
    smtpListener: settings.SMTP_PORT === 'off' ? undefined : { host: settings.SMTP_HOST, port: settings.SMTP_PORT },
    trustedRelays: settings.EMAIL_TRUSTED_RELAYS,
    trustedServers: settings.EMAIL_TRUSTED_SERVERS.map((name) => name.toLowerCase()),
    tokenKey: settings.EMAIL_TOKEN_KEY,
    limits: {
      maxMailBytes: settings.EMAIL_MAX_MAIL_MB * megabyte,
      maxAttachmentBytes: settings.EMAIL_MAX_ATTACHMENT_MB * megabyte,
      maxParts: settings.EMAIL_MAX_PARTS,
      maxDepth: settings.EMAIL_MAX_DEPTH,
      // With text, quoted text and HTML in the worst of scripts this stays below the log's 1 MB for a record.
      maxTextLength: 75_000,
    },
    pollEveryMs: settings.EMAIL_POLL_SECONDS * 1000,
    idleForMs: settings.EMAIL_IDLE_SECONDS * 1000,
    acceptTimeoutMs: settings.EMAIL_ACCEPT_TIMEOUT_SECONDS * 1000,
    sendConcurrency: settings.EMAIL_SEND_CONCURRENCY,
  };
}

/** JSON or YAML itself, or the path of such a file. */
function readAccounts(text: string): EmailAccount[] {
  const parsed = accounts.safeParse(readYaml('EMAIL_ACCOUNTS', text));
  if (parsed.success) return parsed.data as EmailAccount[];
  const issues = parsed.error.issues.map((issue) => `EMAIL_ACCOUNTS[${issue.path.join('.')}]: ${issue.message}`);
  throw new ConfigError(`Configuration is wrong:\n  ${issues.join('\n  ')}`);
}

function readOut(text: string): EmailOut {
  if (text.startsWith('file:')) return { kind: 'folder', folder: text.slice('file:'.length) };
  const url = new URL(text);
  const secure = url.protocol === 'smtps:';
  return {
    kind: 'smtp',
    host: url.hostname,
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  };
}
