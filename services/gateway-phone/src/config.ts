import { ConfigError, readConfig, readYaml } from '@tributary/runtime';
import { z } from 'zod';
import { type TwilioAccount, twilioAccount } from './twilio/account.ts';

export interface PhoneConfig {
  readonly accounts: readonly TwilioAccount[];
  readonly publicUrl: string;
  /** File of how calls are taken. Undefined: the one that comes with the service. */
  readonly voicePolicyPath: string | undefined;
}

const variables = {
  TWILIO_ACCOUNTS: z.string().default('[]'),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http or https address' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  VOICE_POLICY: z.string().optional(),
};

/** @throws ConfigError naming everything that is wrong. */
export function readPhoneConfig(environment: Readonly<Record<string, string | undefined>>): PhoneConfig {
  const { TWILIO_ACCOUNTS, PUBLIC_URL, VOICE_POLICY } = readConfig(variables, environment);
  const accounts = readAccounts(TWILIO_ACCOUNTS);
  if (accounts.length > 0 && PUBLIC_URL === undefined) {
    // Twilio is told with every message where to report, and where to fetch its files.
    throw new ConfigError('Configuration is wrong:\n  PUBLIC_URL: must be given with TWILIO_ACCOUNTS');
  }
  return { accounts, publicUrl: PUBLIC_URL ?? '', voicePolicyPath: VOICE_POLICY };
}

/** @param text JSON or YAML itself, or the path of such a file: a list of accounts. */
function readAccounts(text: string): TwilioAccount[] {
  const parsed = z.array(twilioAccount, 'must be a list of accounts').safeParse(readYaml('TWILIO_ACCOUNTS', text));
  const problems = (parsed.error?.issues ?? []).map(({ path: [index, ...path], message }) =>
    index === undefined ? `TWILIO_ACCOUNTS: ${message}` : `TWILIO_ACCOUNTS[${[index, ...path].join('.')}]: ${message}`,
  );
  const accounts = parsed.data ?? [];
  const taken = new Set<string>();
  for (const { number, channels } of accounts.flatMap(({ numbers }) => numbers)) {
    for (const channel of channels) {
      if (taken.has(`${channel} ${number}`)) problems.push(`TWILIO_ACCOUNTS: ${number} is named twice for ${channel}`);
      taken.add(`${channel} ${number}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(`Configuration is wrong:\n  ${problems.join('\n  ')}`);
  return accounts;
}
