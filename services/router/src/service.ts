import {
  type AgentApi,
  AgentServiceService,
  type RoutingApi,
  RoutingServiceService,
  type TicketApi,
  topics,
} from '@tributary/contracts';
import { applyMigrations, type DocStore } from '@tributary/docstore';
import type { Consumer, EventLog } from '@tributary/eventlog';
import { bindGrpc, type Clock, composeServices, type GrpcBinding, type Logger, type Service } from '@tributary/runtime';
import { createAgentStore, openAgentCollection } from './adapters/docstore-agent-store.ts';
import { createContactStore, openContactCollection } from './adapters/docstore-contact-store.ts';
import { createDecisionStore, openDecisionCollection } from './adapters/docstore-decision-store.ts';
import { createOfferStore, openOfferCollection } from './adapters/docstore-offer-store.ts';
import { createWaitingStore, openWaitingCollection } from './adapters/docstore-waiting-store.ts';
import { createDecisionLog } from './adapters/eventlog-decision-log.ts';
import { createOfferLog } from './adapters/eventlog-offer-log.ts';
import { createTickets } from './adapters/grpc-tickets.ts';
import { readPolicyFile, watchPolicyFile } from './adapters/policy-file.ts';
import type { RouterConfig } from './config.ts';
import { createAgentApi } from './entrypoints/agent-grpc.ts';
import { handleInbound } from './entrypoints/inbound-consumer.ts';
import { createContactTimer, createOfferTimer } from './entrypoints/offer-timers.ts';
import { createOfferWatch } from './entrypoints/offer-watch.ts';
import { createRoutingApi } from './entrypoints/routing-grpc.ts';
import { createShiftWatch } from './entrypoints/shift-watch.ts';
import { handleSignals } from './entrypoints/signal-consumer.ts';
import { handleTicketEvents } from './entrypoints/ticket-event-consumer.ts';
import { createTimers } from './entrypoints/timers.ts';
import { watchWaiting } from './telemetry.ts';
import { carryOnOffer } from './usecases/carry-on-offer.ts';
import type { RoutingContext } from './usecases/context.ts';
import { handOutWaiting } from './usecases/hand-out-waiting.ts';
import { createRoster } from './usecases/roster.ts';
import { createSerial } from './usecases/serial.ts';
import { SharedTurn } from './usecases/shared-turn.ts';

export { type RouterConfig, readRouterConfig } from './config.ts';

export interface RouterDependencies {
  readonly config: RouterConfig;
  readonly eventLog: EventLog;
  readonly docStore: DocStore;
  readonly tickets: TicketApi;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RouterService extends Service {
  readonly grpc: readonly GrpcBinding[];
  readonly agents: AgentApi;
  readonly routing: RoutingApi;
  /** Reads the policy file again. A bad one is logged and the one in force stays. @returns whether it was taken. */
  reloadPolicy(): Promise<boolean>;
}

/** @throws PolicyError when the policy file is not a policy; DataFromTheFutureError. */
export async function createRouter(dependencies: RouterDependencies): Promise<RouterService> {
  const { config, eventLog, docStore, clock, logger } = dependencies;
  const policy = { current: await readPolicyFile(config.policyFile) };
  await applyMigrations(docStore, { service: 'router', migrations: [], clock, logger });
  const agentDocuments = await openAgentCollection(docStore);
  const waitingDocuments = await openWaitingCollection(docStore);
  const decisionDocuments = await openDecisionCollection(docStore);
  const offerDocuments = await openOfferCollection(docStore);
  const contactDocuments = await openContactCollection(docStore);
  const agentStore = createAgentStore(agentDocuments);
  const allocating = createSerial();
  const offerTimer = createOfferTimer({ clock, logger }, offerDocuments, (offer) => carryOnOffer(context, offer));
  const context: RoutingContext = {
    agents: agentStore,
    waiting: await createWaitingStore(waitingDocuments, docStore),
    decisions: createDecisionStore(decisionDocuments),
    decisionLog: createDecisionLog(eventLog),
    offers: createOfferStore(offerDocuments),
    offerLog: createOfferLog(eventLog),
    contacts: createContactStore(contactDocuments),
    nudgeOffers: offerTimer.nudge,
    tickets: createTickets(dependencies.tickets),
    policy,
    roster: createRoster(agentStore, clock),
    allocating,
    ingesting: new SharedTurn(createSerial()),
    searching: new SharedTurn(allocating),
    following: new SharedTurn(allocating),
    announcing: new SharedTurn(createSerial()),
    committing: new Set(),
    inOrder: (work) => docStore.inOrder(work),
    clock,
    logger,
  };
  const offerWatch = createOfferWatch(eventLog);
  const agents = createAgentApi(context, offerWatch);
  const routing = createRoutingApi(context);
  const consumers: Consumer[] = [];
  const seed = async () => {
    for (const profile of policy.current.agents) await agentStore.seed(profile, config.seedPresence);
  };
  const reloadPolicy = async (): Promise<boolean> => {
    try {
      policy.current = await readPolicyFile(config.policyFile);
      await seed();
      logger.info({ version: policy.current.version }, 'policy in force');
      return true;
    } catch (error) {
      logger.error(
        { err: error, version: policy.current.version },
        'the policy file is refused; the policy in force stays',
      );
      return false;
    }
  };
  const timers = createTimers(context, waitingDocuments, agentDocuments, decisionDocuments);
  const parts = composeServices([
    offerWatch,
    ...timers,
    offerTimer,
    createContactTimer(context, contactDocuments),
    createShiftWatch(context),
  ]);
  const watches = new DisposableStack();

  return {
    agents,
    routing,
    grpc: [
      bindGrpc('tributary.agents.v1.AgentService', AgentServiceService, agents),
      bindGrpc('tributary.routing.v1.RoutingService', RoutingServiceService, routing),
    ],
    async start() {
      await seed();
      // What a crash left undone: agents with room while work waits.
      const all = await context.roster.refresh();
      await handOutWaiting(
        context,
        all.map(({ id }) => id),
      );
      await parts.start();
      const consume = (group: string, topic: string, handle: typeof handleInbound) =>
        eventLog.consume({ group, topics: [topic], handle: (batch) => handle(context, batch) });
      consumers.push(await consume('router-tickets', topics.ticketEvents.name, handleTicketEvents));
      consumers.push(await consume('router-signals', topics.signals.name, handleSignals));
      consumers.push(await consume('router', topics.inbound.name, handleInbound));
      watches.use(watchPolicyFile(config.policyFile, () => void reloadPolicy()));
      watches.use(watchWaiting(context.waiting, clock, logger));
    },
    async stop() {
      watches.dispose();
      await Promise.all(consumers.splice(0).map((consumer) => consumer.stop()));
      await parts.stop();
    },
    problems: () => [...consumers.flatMap((consumer) => consumer.problems()), ...parts.problems()],
    reloadPolicy,
  };
}
