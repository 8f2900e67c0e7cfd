import { metrics } from '@opentelemetry/api';
import type { Clock } from '@tributary/runtime';
import type { TicketEvent } from './domain/changes.ts';

const meter = metrics.getMeter('@tributary/ticketing');

// Labels are words of the code; never what a customer wrote.
const ticketEvents = meter.createCounter('tributary.ticket.events', {
  description: 'What happened to tickets, by kind',
  unit: '{event}',
});
const deadlines = meter.createCounter('tributary.deadlines', {
  description: 'Deadlines met and breached, by kind',
  unit: '{deadline}',
});
const outboxAge = meter.createObservableGauge('tributary.outbox.age', {
  description:
    'How long the oldest change of this process has waited for its events to be in the log; 0 when none waits',
  unit: 's',
});

/** Counts events that are in the log. */
export function countEvents(events: readonly TicketEvent[]): void {
  for (const { change } of events) {
    ticketEvents.add(1, { 'tributary.change': change.type });
    const outcome = outcomes.get(change.type);
    if (outcome !== undefined && 'deadline' in change)
      deadlines.add(1, { 'tributary.deadline': change.deadline.kind, 'tributary.outcome': outcome });
  }
}

const outcomes: ReadonlyMap<string, string> = new Map([
  ['deadlineMet', 'met'],
  ['deadlineBreached', 'breached'],
]);

/** Shows the outbox when metrics are read. Disposing it ends that. */
export function watchOutbox(relay: { oldestWaitingAtMs(): number | undefined }, clock: Clock): Disposable {
  const callback: Parameters<typeof outboxAge.addCallback>[0] = (result) => {
    const now = clock.now();
    result.observe((now - (relay.oldestWaitingAtMs() ?? now)) / 1000);
  };
  outboxAge.addCallback(callback);
  return { [Symbol.dispose]: () => outboxAge.removeCallback(callback) };
}
