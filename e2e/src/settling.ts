import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { type DeliveryStatus, EntryKind, OfferState, StatusError } from '@tributary/contracts';
import type { EventLog, GroupLag } from '@tributary/eventlog';
import { outcomesOf } from './checks/answers.ts';
import { lastSequences } from './checks/event-sequences.ts';
import type { CustomerMessage } from './history.ts';
import { nameOf } from './message-name.ts';
import { providerChannels } from './providers/index.ts';
import { readSystemState, type SystemState } from './read-history.ts';
import type { System } from './system.ts';

/** The consumer groups whose work must be done. */
const groups = [
  ...['router', 'router-tickets', 'ticketing', 'gateway-email', 'gateway-chat'],
  ...['phone', 'phone-offers', ...providerChannels].map((channel) => `gateway-${channel}`),
];

export interface SettlingOptions {
  /** What customers wrote: where we ask for it, it may still stand at its provider. */
  readonly messages: readonly CustomerMessage[];
  /** Given up after so long without any change, or after ten times as long. */
  readonly patienceMs: number;
  report(line: string): void;
}

/**
 * Waits until nothing is under way any more: no lag, no outbox, nothing queued for sending.
 * @returns the state at rest, and what had not come to rest when it was given up.
 */
export async function settle(
  system: System,
  log: EventLog,
  { messages, patienceMs, report }: SettlingOptions,
): Promise<{ state: SystemState; unfinished: string[] }> {
  const startedAtMs = Date.now();
  let changedAtMs = startedAtMs;
  let left = '';
  for (;;) {
    const isTimeUp = Date.now() - changedAtMs > patienceMs || Date.now() - startedAtMs > 10 * patienceMs;
    try {
      const lags = await lagsOf(log);
      let leftNow = sumsByGroup(lags);
      if (lags.length === 0 || isTimeUp) {
        const state = await readSystemState(system, log);
        const unfinished = [...lags.map(inWords), ...unfinishedIn(state, messages)];
        if (unfinished.length === 0 || isTimeUp) return { state, unfinished };
        leftNow = `${unfinished.length} tickets and messages`;
      }
      if (leftNow !== left) {
        left = leftNow;
        changedAtMs = Date.now();
        report(`under way: ${left}`);
      }
    } catch (error) {
      // A service may end by itself after the kills, as by a fatal fault of its consumer, and come back.
      if (isTimeUp || !(error instanceof StatusError) || error.code !== status.UNAVAILABLE) throw error;
    }
    await delay(2000);
  }
}

interface Lag extends GroupLag {
  readonly group: string;
}

async function lagsOf(log: EventLog): Promise<Lag[]> {
  const lags = await Promise.all(
    groups.map(async (group) => (await log.lag(group)).map((partition) => ({ group, ...partition }))),
  );
  return lags.flat().filter(({ lag }) => lag > 0);
}

function sumsByGroup(lags: readonly Lag[]): string {
  return [...Map.groupBy(lags, ({ group }) => group)]
    .map(([group, behind]) => `${group} ${behind.reduce((sum, { lag }) => sum + lag, 0)}`)
    .join(', ');
}

function inWords({ group, topic, partition, lag }: Lag): string {
  return `${group} is ${lag} records behind on ${topic}/${partition}`;
}

/** What of a state is still on its way, in words. */
function unfinishedIn(
  { tickets, ticketEvents, outbound, deliveries, offers }: SystemState,
  messages: readonly CustomerMessage[],
): string[] {
  const placed = new Set(tickets.flatMap(({ entries }) => entries.map(nameOf)));
  const published = lastSequences(ticketEvents);
  const outcomes = outcomesOf(deliveries);
  const unknown: DeliveryStatus = 0;
  const pending: OfferState = OfferState.OFFER_STATE_PENDING;
  const ended = new Set(offers.flatMap(({ id, state }) => (state === pending ? [] : [id])));
  return [
    ...messages
      .filter(
        ({ acknowledgedAtMs, channel, providerId }) => acknowledgedAtMs && !placed.has(`${channel} ${providerId}`),
      )
      .map(({ channel, providerId }) => `${channel} message ${providerId} is on no ticket`),
    ...tickets
      .filter(({ id, lastSequence }) => published.get(id) !== lastSequence)
      .map(({ number, id }) => `${number} (${id}) has events that are not published`),
    ...offers.filter(({ id }) => !ended.has(id)).map(({ id }) => `offer ${id} is not answered`),
    ...outbound.filter(({ id }) => !outcomes.has(id)).map(({ id }) => `outbound message ${id} is not sent`),
    ...tickets.flatMap(({ number, entries }) =>
      entries
        .filter(({ kind, deliveryStatus }) => kind === EntryKind.ENTRY_KIND_OUTBOUND && deliveryStatus === unknown)
        .map(({ id }) => `${number} does not know what became of its entry ${id}`),
    ),
  ];
}
