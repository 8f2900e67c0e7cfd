import { fileURLToPath } from 'node:url';
import { type TicketApi, TicketServiceService } from '@tributary/contracts';
import { applyMigrations, type DocStore } from '@tributary/docstore';
import { consumerService, type EventLog } from '@tributary/eventlog';
import { bindGrpc, type Clock, composeServices, type GrpcBinding, type Logger, type Service } from '@tributary/runtime';
import { openContacts, openMessagePlaces, openPointers, openTicketNumbers } from './adapters/docstore-intake.ts';
import { openPublications } from './adapters/docstore-publications.ts';
import { createTicketStore, openTicketCollection } from './adapters/docstore-ticket-store.ts';
import { publishTo, signalTo } from './adapters/eventlog-publisher.ts';
import { loadTemplates } from './adapters/yaml-templates.ts';
import type { TicketingConfig } from './config.ts';
import type { ChannelLimits } from './domain/channel-limits.ts';
import { standardDeadlines } from './domain/deadlines.ts';
import type { Grade } from './domain/ticket.ts';
import { followChannels } from './entrypoints/channel-declarations.ts';
import { createDeadlineTimer } from './entrypoints/deadline-timer.ts';
import { consumeDeliveries } from './entrypoints/delivery-consumer.ts';
import { createTicketApi } from './entrypoints/ticket-api.ts';
import { watchOutbox } from './telemetry.ts';
import type { CommandDependencies } from './usecases/change-ticket.ts';
import type { IngestDependencies } from './usecases/ingest-messages.ts';
import { recordDeliveries } from './usecases/record-deliveries.ts';
import { createEventRelay } from './usecases/relay-events.ts';
import { createSweep } from './usecases/sweep.ts';

export { readTicketingConfig, type TicketingConfig } from './config.ts';

export interface TicketingDependencies {
  readonly config: TicketingConfig;
  readonly eventLog: EventLog;
  readonly docStore: DocStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface TicketingService extends Service {
  readonly grpc: readonly GrpcBinding[];
  /** The service's API, for callers in the same process. Usable before `start`; events go out after it. */
  readonly tickets: TicketApi;
}

/** How long one replica has events to itself that it is about to publish; after a crash they wait this long. */
const leaseMs = 15_000;
const sweepEveryMs = 5000;
const publicationsPerSweep = 50;
const hourMs = 60 * 60 * 1000;
const bundledTemplates = fileURLToPath(new URL('../templates', import.meta.url));

/** Builds the service on the given stores. Creates its collections; opens no port. @throws TemplateError, DataFromTheFutureError */
export async function createTicketing(dependencies: TicketingDependencies): Promise<TicketingService> {
  const { config, eventLog, docStore, clock, logger } = dependencies;
  await applyMigrations(docStore, { service: 'ticketing', migrations: [], clock, logger });
  const now = () => clock.now();
  const template = loadTemplates(config.templateFolder ?? bundledTemplates, config.defaultLanguage);
  const [collection, publications, places, pointers, contacts, numbers] = await Promise.all([
    openTicketCollection(docStore),
    openPublications(docStore, { leaseMs, now }),
    openMessagePlaces(docStore),
    openPointers(docStore),
    openContacts(docStore),
    openTicketNumbers(docStore, config.timeZone, now),
  ]);
  const store = createTicketStore(collection);
  const relay = createEventRelay({ publications, store, clock, append: publishTo(eventLog) });
  const channelLimits = new Map<string, ChannelLimits>();
  const deps: IngestDependencies & CommandDependencies = {
    inOrder: (work) => docStore.inOrder(work),
    ...{ store, relay, numbers, places, pointers, contacts, template, channelLimits, now },
    policy: {
      deadlines: standardDeadlines,
      liveChannels: new Set(config.liveChannels),
      publicFirstChannels: new Set(config.publicFirstChannels),
      publicFirstTypes: new Set(config.publicFirstTypes.map((type) => type.replace('_', '-') as Grade['type'])),
    },
    acknowledgementLimit: { count: config.acknowledgementsPerHour, perMs: hourMs },
  };
  const tickets = createTicketApi({ ...deps, signal: signalTo(eventLog) });
  const parts = composeServices([
    relay,
    createSweep({
      ...{ clock, everyMs: sweepEveryMs, name: 'unpublished ticket events' },
      async work() {
        const taken = await publications.takeOver(publicationsPerSweep);
        for (const publication of taken) relay.recover(publication, { isTakenOver: true });
        return taken.length === publicationsPerSweep;
      },
    }),
    consumerService(() => eventLog.tail(followChannels((channel, limits) => channelLimits.set(channel, limits)))),
    createDeadlineTimer(collection, { ...deps, clock, logger }),
    consumerService(() => eventLog.consume(consumeDeliveries((reports) => recordDeliveries(reports, deps)))),
  ]);
  let outbox: Disposable | undefined;
  return {
    async start() {
      outbox = watchOutbox(relay, clock);
      await parts.start();
    },
    async stop() {
      await parts.stop();
      outbox?.[Symbol.dispose]();
    },
    problems: () => parts.problems(),
    tickets,
    grpc: [bindGrpc('tributary.tickets.v1.TicketService', TicketServiceService, tickets)],
  };
}
