import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { type DeliveryStatus, EntryKind, StatusError } from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';
import { outcomesOf } from './checks/answers.ts';
import { lastSequences } from './checks/event-sequences.ts';
import { readSystemState, type SystemState } from './read-history.ts';
import type { System } from './system.ts';

/** The consumer groups whose work must be done. */
const groups = ['router', 'router-tickets', 'ticketing', 'gateway-email', 'gateway-chat'];

/**
 * Waits until nothing is under way any more: no lag, no outbox, nothing queued for sending.
 * @returns the state at rest, and what had not come to rest when the time was up. */
export async function settle(
  system: System,
  log: EventLog,
  limitMs: number,
): Promise<{ state: SystemState; unfinished: string[] }> {
  const giveUpAtMs = Date.now() + limitMs;
  for (;;) {
    const isTimeUp = Date.now() > giveUpAtMs;
    try {
      const lagging = await lagOf(log);
      if (lagging.length === 0 || isTimeUp) {
        const state = await readSystemState(system, log);
        const unfinished = [...lagging, ...unfinishedIn(state)];
        if (unfinished.length === 0 || isTimeUp) return { state, unfinished };
      }
    } catch (error) {
      // A service may end by itself after the kills, as by a fatal fault of its consumer, and come back.
      if (isTimeUp || !(error instanceof StatusError) || error.code !== status.UNAVAILABLE) throw error;
    }
    await delay(1000);
  }
}

async function lagOf(log: EventLog): Promise<string[]> {
  const lags = await Promise.all(
    groups.map(async (group) => (await log.lag(group)).map((partition) => ({ group, ...partition }))),
  );
  return lags
    .flat()
    .filter(({ lag }) => lag > 0)
    .map(({ group, topic, partition, lag }) => `${group} is ${lag} records behind on ${topic}/${partition}`);
}

/** What of a state is still on its way, in words. */
export function unfinishedIn({ tickets, ticketEvents, outbound, deliveries }: SystemState): string[] {
  const published = lastSequences(ticketEvents);
  const outcomes = outcomesOf(deliveries);
  const unknown: DeliveryStatus = 0;
  return [
    ...tickets
      .filter(({ id, lastSequence }) => published.get(id) !== lastSequence)
      .map(({ number, id }) => `${number} (${id}) has events that are not published`),
    ...outbound.filter(({ id }) => !outcomes.has(id)).map(({ id }) => `outbound message ${id} is not sent`),
    ...tickets.flatMap(({ number, entries }) =>
      entries
        .filter(({ kind, deliveryStatus }) => kind === EntryKind.ENTRY_KIND_OUTBOUND && deliveryStatus === unknown)
        .map(({ id }) => `${number} does not know what became of its entry ${id}`),
    ),
  ];
}
