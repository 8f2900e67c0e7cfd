import type { BlobStore } from '@tributary/blobstore';
import { applyMigrations, type DocStore } from '@tributary/docstore';
import type { EventLog } from '@tributary/eventlog';
import { createGateway } from '@tributary/gateway-kit';
import { type Clock, composeServices, type Logger, type Service } from '@tributary/runtime';
import type { FastifyPluginAsync } from 'fastify';
import { channelKinds } from './channels.ts';
import type { SocialConfig } from './config.ts';

export { readSocialConfig, type SocialConfig } from './config.ts';

export interface SocialDependencies {
  readonly config: SocialConfig;
  readonly eventLog: EventLog;
  readonly docStore: DocStore;
  readonly blobStore: BlobStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface SocialGateway extends Required<Service> {
  /** The webhooks of all channels, for the server that has the port. */
  readonly http: FastifyPluginAsync;
}

/** One gateway for each channel that has accounts. */
export async function createSocialGateway(dependencies: SocialDependencies): Promise<SocialGateway> {
  const { config, docStore, clock, logger } = dependencies;
  await applyMigrations(docStore, { service: 'gateway-social', migrations: [], clock, logger });
  const shared = { ...dependencies, publicUrl: config.publicUrl };
  const gateways = await Promise.all(
    channelKinds
      .filter(({ channel }) => config.accounts.has(channel))
      .map(async (kind) => {
        const channel = await kind.create(config.accounts.get(kind.channel) ?? [], shared);
        return createGateway(channel, shared);
      }),
  );
  return {
    ...composeServices(gateways),
    async http(app) {
      for (const gateway of gateways) await app.register(gateway.http);
    },
  };
}
