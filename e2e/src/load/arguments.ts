import { parseArgs } from 'node:util';

export const channels = ['email', 'chat', 'phone', 'social'] as const;
export type LoadChannel = (typeof channels)[number];

export const usage = `npm run load -- --rate N | --overload [--seconds S] [--mix email=40,chat=40,phone=10,social=10] [addresses]

Sends messages at a fixed rate, whatever the answers take (open loop), and reports how long each took from the moment it was
due until it was acknowledged. Without addresses it starts a Tributary of its own and measures that one as well.
  --rate     messages per second over all channels, 0.1 to 100000
  --overload measures the capacity first, with 64 senders who each wait for their acknowledgement, then sends at twice of it
  --seconds  for how long (default 30); with --overload each of the two
  --mix      shares of the channels (default email=40,chat=40,phone=10,social=10): mail by SMTP, lines over the chat's WebSocket,
             text messages as Twilio's webhook brings them, messages of the generic webhook
  --mode     the one of its own: embedded (default), one process; or scale, every service as one, with a Kafka and a MongoDB
  --json     prints the report as one JSON object
Addresses of a deployment; each channel of the mix needs its own:
  --smtp HOST:PORT   --to ADDRESS (default support@tributary.local)
  --chat ws://HOST:PORT/chat/v1/ws   --site NAME (default demo)
  --phone URL        gateway-phone's public address; TWILIO_ACCOUNTS holds the account, as for the gateway
  --social URL       gateway-social's public address; SOCIAL_ACCOUNTS holds an account of the channel webhook
  --kafka HOST:PORT  where the lag is read; without it none is shown
Exit codes: 0 everything was acknowledged; 1 something was not; 2 wrong arguments.
`;

/** The arguments cannot be used; the message says which, and what is allowed. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}

export interface Deployment {
  readonly smtp?: { readonly host: string; readonly port: number; readonly to: string };
  readonly chat?: { readonly url: string; readonly site: string };
  readonly phone?: {
    readonly url: string;
    readonly accountSid: string;
    readonly authToken: string;
    readonly number: string;
  };
  readonly social?: { readonly url: string; readonly account: string; readonly secret: string };
  readonly kafka?: string;
}

export interface LoadSettings {
  readonly help: boolean;
  readonly json: boolean;
  /** Messages per second; with `overload` twice the capacity is found first. */
  readonly rate: number | 'overload';
  readonly seconds: number;
  /** Share of each channel, above 0; they add up to 1. */
  readonly mix: ReadonlyMap<LoadChannel, number>;
  /** Of the one of our own. */
  readonly mode: 'embedded' | 'scale';
  /** Absent: one of our own. */
  readonly deployment?: Deployment;
}

/** @throws LoadError */
export function readLoadArguments(args: string[], environment: Readonly<Record<string, string | undefined>>) {
  const values = parse(args);
  const help = values.help === true;
  const mix = mixOf(values.mix ?? 'email=40,chat=40,phone=10,social=10');
  const overload = values.overload === true;
  if (overload && values.rate !== undefined) throw new LoadError('--rate and --overload exclude each other');
  if (values.rate === undefined && !overload && !help) {
    throw new LoadError('--rate is missing: messages per second, 0.1 to 100000');
  }
  const settings = {
    help,
    json: values.json === true,
    rate: overload ? ('overload' as const) : numberOf('--rate', values.rate ?? '1', 0.1, 100_000),
    seconds: numberOf('--seconds', values.seconds ?? '30', 1, 86_400),
    mix,
    mode: modeOf(values.mode ?? 'embedded'),
  };
  const addresses = ['smtp', 'chat', 'phone', 'social', 'kafka'] as const;
  if (addresses.every((name) => values[name] === undefined)) return settings satisfies LoadSettings;
  if (overload && values.kafka === undefined)
    throw new LoadError('--overload needs --kafka beside the other addresses');
  const needs: Record<LoadChannel, 'smtp' | 'chat' | 'phone' | 'social'> = {
    email: 'smtp',
    chat: 'chat',
    phone: 'phone',
    social: 'social',
  };
  for (const channel of mix.keys()) {
    const option = needs[channel];
    if (values[option] === undefined) {
      throw new LoadError(`--mix has ${channel}, so --${option} is needed beside the other addresses`);
    }
  }
  const { smtp, chat, phone, social, kafka } = values;
  const deployment: Deployment = {
    ...(smtp !== undefined && { smtp: { ...hostAndPort('--smtp', smtp), to: values.to ?? 'support@tributary.local' } }),
    ...(chat !== undefined && { chat: { url: urlOf('--chat', chat, ['ws:', 'wss:']), site: values.site ?? 'demo' } }),
    ...(phone !== undefined && {
      phone: { url: urlOf('--phone', phone), ...twilioOf(environment['TWILIO_ACCOUNTS']) },
    }),
    ...(social !== undefined && {
      social: { url: urlOf('--social', social), ...webhookOf(environment['SOCIAL_ACCOUNTS']) },
    }),
    ...(kafka !== undefined && { kafka }),
  };
  return { ...settings, deployment } satisfies LoadSettings;
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args,
      options: {
        ...{ rate: text, seconds: text, mix: text, mode: text, smtp: text, to: text, chat: text, site: text },
        ...{ phone: text, social: text, kafka: text, overload: flag, json: flag, help: flag },
      },
    }).values;
  } catch (error) {
    throw new LoadError((error as Error).message);
  }
}

function modeOf(text: string): 'embedded' | 'scale' {
  if (text === 'embedded' || text === 'scale') return text;
  throw new LoadError(`--mode must be embedded or scale, not ${text}`);
}

function mixOf(text: string): Map<LoadChannel, number> {
  const shares = new Map<LoadChannel, number>();
  for (const part of text.split(',')) {
    const [name = '', share = '', ...more] = part.trim().split('=');
    const channel = channels.find((known) => known === name);
    if (channel === undefined) throw new LoadError(`--mix: ${name || '(nothing)'} is none of ${channels.join(', ')}`);
    if (shares.has(channel)) throw new LoadError(`--mix names ${channel} twice`);
    if (!/^\d+(\.\d+)?$/.test(share) || more.length > 0) {
      throw new LoadError(`--mix: ${channel}=${share} must be a number from 0, as in email=40,chat=60`);
    }
    shares.set(channel, Number(share));
  }
  const sum = [...shares.values()].reduce((total, share) => total + share, 0);
  if (sum === 0) throw new LoadError('--mix must give at least one channel a share above 0');
  return new Map([...shares].filter(([, share]) => share > 0).map(([channel, share]) => [channel, share / sum]));
}

function numberOf(option: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= low && value <= high)) {
    throw new LoadError(`${option} must be a number from ${low} to ${high}, not ${text}`);
  }
  return value;
}

function hostAndPort(option: string, text: string): { host: string; port: number } {
  const [, host, port] = /^(.+):(\d+)$/.exec(text) ?? [];
  if (host === undefined) throw new LoadError(`${option} must be HOST:PORT, not ${text}`);
  return { host, port: Number(port) };
}

function urlOf(option: string, text: string, protocols = ['http:', 'https:']): string {
  if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol)) {
    throw new LoadError(`${option} must be an address that begins with ${protocols.join('// or ')}//, not ${text}`);
  }
  return text.replace(/\/+$/, '');
}

function twilioOf(json: string | undefined) {
  for (const account of accountsIn('TWILIO_ACCOUNTS', json)) {
    const { account_sid: accountSid, auth_token: authToken, numbers = [] } = account;
    const number = numbers.find(({ channels }) => channels.includes('sms'))?.number;
    if (accountSid && authToken && number) return { accountSid, authToken, number };
  }
  throw new LoadError('TWILIO_ACCOUNTS must hold an account with account_sid, auth_token and a number for sms');
}

function webhookOf(json: string | undefined) {
  for (const { channel, name, verifyWith = [] } of accountsIn('SOCIAL_ACCOUNTS', json)) {
    const [secret] = verifyWith;
    if (channel === 'webhook' && name && secret) return { account: name, secret };
  }
  throw new LoadError('SOCIAL_ACCOUNTS must hold an account with channel webhook, name and verifyWith');
}

interface AnyAccount {
  readonly account_sid?: string;
  readonly auth_token?: string;
  readonly numbers?: readonly { readonly number: string; readonly channels: readonly string[] }[];
  readonly channel?: string;
  readonly name?: string;
  readonly verifyWith?: readonly string[];
}

function accountsIn(variable: string, json = '[]'): AnyAccount[] {
  try {
    const accounts: unknown = JSON.parse(json);
    if (Array.isArray(accounts)) return accounts as AnyAccount[];
  } catch {}
  throw new LoadError(`${variable} must be a JSON array`);
}
