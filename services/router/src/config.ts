import { fileURLToPath } from 'node:url';
import { readConfig } from '@tributary/runtime';
import { z } from 'zod';

const demoPolicy = fileURLToPath(new URL('../policies/demo.yaml', import.meta.url));

const shape = {
  ROUTER_POLICY_FILE: z.string().default(demoPolicy),
  ROUTER_SEED_PRESENCE: z.enum(['online', 'away', 'offline']).default('offline'),
};

export interface RouterConfig {
  /** Path of the policy (YAML). */
  readonly policyFile: string;
  /** Presence of agents whom the policy names and the store did not know yet. */
  readonly seedPresence: 'online' | 'away' | 'offline';
}

/** @throws ConfigError naming every variable that is wrong. */
export function readRouterConfig(environment: Readonly<Record<string, string | undefined>>): RouterConfig {
  const values = readConfig(shape, environment);
  return { policyFile: values.ROUTER_POLICY_FILE, seedPresence: values.ROUTER_SEED_PRESENCE };
}
