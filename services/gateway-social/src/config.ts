import { ConfigError, readConfig, readYaml } from '@tributary/runtime';
import { z } from 'zod';
import { channelKinds } from './channels.ts';

export interface SocialConfig {
  /** The accounts of each channel, as its `account` schema gives them. Channels without accounts are not in it. */
  readonly accounts: ReadonlyMap<string, readonly unknown[]>;
  readonly publicUrl: string;
}

const variables = {
  SOCIAL_ACCOUNTS: z.string().default('[]'),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http or https address' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
};

/** @throws ConfigError naming everything that is wrong. */
export function readSocialConfig(environment: Readonly<Record<string, string | undefined>>): SocialConfig {
  const { SOCIAL_ACCOUNTS, PUBLIC_URL } = readConfig(variables, environment);
  return { accounts: readAccounts(SOCIAL_ACCOUNTS), publicUrl: PUBLIC_URL ?? '' };
}

/** @param text JSON or YAML itself, or the path of such a file: a list of accounts, each with its `channel`. */
function readAccounts(text: string): Map<string, unknown[]> {
  const problems: string[] = [];
  const accounts = new Map<string, unknown[]>();
  for (const [index, item] of listIn(text).entries()) {
    const { channel, ...settings } = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>;
    const kind = channelKinds.find((each) => each.channel === channel);
    if (kind === undefined) {
      const known = channelKinds.map((each) => each.channel).join(', ');
      problems.push(`SOCIAL_ACCOUNTS[${index}].channel: must be one of ${known}`);
      continue;
    }
    const parsed = kind.account.safeParse(settings);
    for (const issue of parsed.error?.issues ?? []) {
      problems.push(`SOCIAL_ACCOUNTS[${[index, ...issue.path].join('.')}]: ${issue.message}`);
    }
    if (parsed.success) accounts.set(kind.channel, [...(accounts.get(kind.channel) ?? []), parsed.data]);
  }
  if (problems.length > 0) throw new ConfigError(`Configuration is wrong:\n  ${problems.join('\n  ')}`);
  return accounts;
}

function listIn(text: string): unknown[] {
  const value = readYaml('SOCIAL_ACCOUNTS', text);
  if (Array.isArray(value)) return value;
  throw new ConfigError('Configuration is wrong:\n  SOCIAL_ACCOUNTS: must be a list of accounts');
}
