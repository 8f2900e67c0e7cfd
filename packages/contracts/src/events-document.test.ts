import { expect, test } from 'vitest';
import { decodeEvent, encodeEvent } from './events.ts';
import { eventsDocument } from './events-document.ts';
import { examples } from './examples.ts';
import { TicketEvent } from './gen/tributary/tickets/v1/tickets.ts';
import { allTopics } from './topics.ts';

test('docs/events.md is what the topics declare (vitest -u writes it)', async () => {
  await expect(eventsDocument()).toMatchFileSnapshot('../../../docs/events.md');
});

test('every topic has an example, and each survives the journey', () => {
  for (const topic of allTopics) {
    const shown = examples[topic.name] ?? [];
    expect(shown.length, topic.name).toBeGreaterThan(0);
    for (const message of shown) expect(decodeEvent(topic, encodeEvent(topic, message, 'test'))).toEqual(message);
  }
});

test('every kind of ticket event has an example', () => {
  const fields = Object.keys(TicketEvent.toJSON(TicketEvent.fromPartial({})) as object);
  expect(fields).not.toContain('change');
  const shown = new Set(examples['tickets.events.v1']?.map((event) => (event as TicketEvent).change?.$case));
  const all: NonNullable<TicketEvent['change']>['$case'][] = [
    'created',
    'messageReceived',
    'replyAdded',
    'noteAdded',
    'assigned',
    'unassigned',
    'escalated',
    'pending',
    'resolved',
    'reopened',
    'closed',
    'regraded',
    'deliveryUpdated',
    'deadlineWarned',
    'deadlineBreached',
    'deadlineMet',
  ];
  expect([...shown].sort()).toEqual([...all].sort());
});
