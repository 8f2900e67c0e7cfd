import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { connectionSettings, grpcAddress, readConfig } from '../../packages/runtime/src/index.ts';
import { readConsoleConfig } from '../../services/console/src/config.ts';
import { readChatConfig } from '../../services/gateway-chat/src/config.ts';
import { readEmailConfig } from '../../services/gateway-email/src/config.ts';
import { readPhoneConfig } from '../../services/gateway-phone/src/config.ts';
import { readSocialConfig } from '../../services/gateway-social/src/config.ts';
import { readRouterConfig } from '../../services/router/src/config.ts';
import { readTicketingConfig } from '../../services/ticketing/src/config.ts';

const root = join(import.meta.dirname, '../..');
type Environment = Readonly<Record<string, string>>;

const ownSettings: Readonly<Record<string, (environment: Environment) => unknown>> = {
  ticketing: readTicketingConfig,
  router: (environment) => [readRouterConfig(environment), readConfig({ TICKETING_ADDRESS: grpcAddress }, environment)],
  'gateway-email': readEmailConfig,
  'gateway-chat': readChatConfig,
  'gateway-social': readSocialConfig,
  'gateway-phone': (environment) => [
    readPhoneConfig(environment),
    readConfig({ ROUTER_ADDRESS: grpcAddress }, environment),
  ],
  console: readConsoleConfig,
};

export const services = readdirSync(join(root, 'services'));

/** @throws ConfigError as the service's process would when it starts with this environment. */
export function readSettings(service: string, environment: Environment): void {
  const own = ownSettings[service];
  if (own === undefined) throw new Error(`deploy/tests/settings.ts does not know how ${service} reads its settings`);
  own(environment);
  const { MONGODB_URL, ...everywhere } = connectionSettings;
  // The console has no documents.
  readConfig(
    service === 'console' ? everywhere : { ...everywhere, MONGODB_URL: MONGODB_URL as z.ZodType },
    environment,
  );
}

/** Names of variables that docs/operating.md or a service's README explains. */
export function documentedVariables(): ReadonlySet<string> {
  const documents = ['docs/operating.md', ...services.map((service) => `services/${service}/README.md`)];
  const texts = documents.map((path) => join(root, path)).filter((path) => existsSync(path));
  return new Set(
    texts
      .flatMap((path) => readFileSync(path, 'utf8').match(/`[A-Z][A-Z0-9_]+`/g) ?? [])
      .map((name) => name.slice(1, -1)),
  );
}
