import type { BlobStore } from '@tributary/blobstore';
import type { AgentApi } from '@tributary/contracts';
import { applyMigrations, type DocStore } from '@tributary/docstore';
import type { EventLog } from '@tributary/eventlog';
import { createGateway, type Gateway } from '@tributary/gateway-kit';
import { type Clock, composeServices, type Logger, type Service } from '@tributary/runtime';
import type { FastifyPluginAsync } from 'fastify';
import { channelKinds } from './channels.ts';
import type { PhoneConfig } from './config.ts';
import type { PhoneChannelName, TwilioAccount } from './twilio/account.ts';

export { type PhoneConfig, readPhoneConfig } from './config.ts';

export interface PhoneDependencies {
  readonly config: PhoneConfig;
  readonly eventLog: EventLog;
  readonly docStore: DocStore;
  readonly blobStore: BlobStore;
  /** The router's agents. */
  readonly agents: AgentApi;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface PhoneGateway extends Required<Service> {
  /** The webhooks of all channels, for the server that has the port. */
  readonly http: FastifyPluginAsync;
}

/** One gateway for each channel that has numbers. */
export async function createPhoneGateway(dependencies: PhoneDependencies): Promise<PhoneGateway> {
  const { docStore, clock, logger } = dependencies;
  await applyMigrations(docStore, { service: 'gateway-phone', migrations: [], clock, logger });
  const { accounts, publicUrl, voicePolicyPath } = dependencies.config;
  const shared = { ...dependencies, publicUrl, voicePolicyPath };
  const gateways: Gateway[] = [];
  for (const { channel, create } of channelKinds) {
    const concerned = accountsFor(channel, accounts);
    if (concerned.length > 0) gateways.push(await createGateway(await create(concerned, shared), shared));
  }
  return {
    ...composeServices(gateways),
    async http(app) {
      for (const gateway of gateways) await app.register(gateway.http);
    },
  };
}

/** The accounts that have numbers for a channel, with those numbers alone. */
function accountsFor(channel: PhoneChannelName, accounts: readonly TwilioAccount[]): TwilioAccount[] {
  return accounts
    .map((account) => ({ ...account, numbers: account.numbers.filter(({ channels }) => channels.includes(channel)) }))
    .filter(({ numbers }) => numbers.length > 0);
}
