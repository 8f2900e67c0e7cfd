import { encodeEvent, type InboundMessage, topics } from '@tributary/contracts';
import type { DocStore } from '@tributary/docstore';
import type { EventLog, NewRecord } from '@tributary/eventlog';
import { createRouter, type RouterService, readRouterConfig } from '@tributary/router';
import { composeServices, createLogger, systemClock } from '@tributary/runtime';
import { createTicketing, readTicketingConfig, type TicketingService } from '@tributary/ticketing';
import { type Written, watchLog, watchStore } from './watched-adapters.ts';

export interface Pipeline extends AsyncDisposable {
  readonly ticketing: TicketingService;
  readonly router: RouterService;
  /** Resolves when `count` messages in all have their ticket stored, its events and its acknowledgement published, and their decision published. */
  finished(count: number): Promise<void>;
}

/** Messages appended in one call, as a gateway under load does. */
export const appendSize = 100;

/** Router and ticketing in one process, as `npm start` joins them, with the demo policy's agents on line. */
export async function startPipeline(
  { eventLog, docStore }: { readonly eventLog: EventLog; readonly docStore: DocStore },
  options: { readonly written?: Written; readonly policyFile?: string } = {},
): Promise<Pipeline> {
  const { written, policyFile } = options;
  const counts = new Map<string, number>();
  let wanted = Number.POSITIVE_INFINITY;
  let done = () => {};
  const check = () => {
    const least = Math.min(counts.get(topics.decisions.name) ?? 0, counts.get(topics.outbound.name) ?? 0);
    if (least >= wanted) done();
  };
  const log = watchLog(
    eventLog,
    (records) => {
      for (const { topic } of records) counts.set(topic, (counts.get(topic) ?? 0) + 1);
      check();
    },
    written,
  );
  const shared = {
    eventLog: log,
    docStore: written === undefined ? docStore : watchStore(docStore, written),
    clock: systemClock,
    logger: createLogger('bench', 'error'),
  };
  const ticketing = await createTicketing({ ...shared, config: readTicketingConfig({}) });
  const router = await createRouter({
    ...shared,
    config: readRouterConfig({ ROUTER_SEED_PRESENCE: 'online', ROUTER_POLICY_FILE: policyFile }),
    tickets: ticketing.tickets,
  });
  const services = composeServices([ticketing, router]);
  await services.start();
  return {
    ticketing,
    router,
    finished(count) {
      wanted = count;
      return new Promise((resolve) => {
        done = resolve;
        check();
      });
    },
    [Symbol.asyncDispose]: () => services.stop(),
  };
}

/** Appends messages as a gateway does, `appendSize` at a time. */
export async function appendMessages(
  eventLog: Pick<EventLog, 'append'>,
  messages: readonly InboundMessage[],
): Promise<void> {
  for (let from = 0; from < messages.length; from += appendSize)
    await eventLog.append(messages.slice(from, from + appendSize).map(inboundRecord));
}

export function inboundRecord(message: InboundMessage): NewRecord {
  return encodeEvent(topics.inbound, message, 'tributary/bench');
}
