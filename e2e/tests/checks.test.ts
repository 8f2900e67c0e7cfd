import { DeliveryStatus, OutboundPurpose, TicketReopened, TicketState } from '@tributary/contracts';
import { expect, test } from 'vitest';
import { checkAll } from '../src/checks/all-checks.ts';
import { countUncertain } from '../src/checks/answers.ts';
import { countRepeats } from '../src/checks/event-sequences.ts';
import type { History } from '../src/history.ts';
import { answer, delivery, type Editable, inbound, smallHistory, ticket } from './small-history.ts';

type History_ = Editable<History>;

/** The promises the checks find broken after `change`. */
function broken(change: (history: History_) => void): string[] {
  const history = smallHistory();
  change(history);
  return [...new Set(checkAll(history as History).map(({ promise }) => promise))];
}

const [mailTicket, chatTicket] = [0, 1];
const at = <T>(items: readonly T[], index: number): T => {
  const item = items.at(index);
  if (item === undefined) throw new Error(`there is no item ${index}`);
  return item;
};
const swap = <T>(items: T[], a: number, b: number) => {
  [items[a], items[b]] = [at(items, b), at(items, a)];
};

test('a history without faults breaks no promise', () => {
  expect(checkAll(smallHistory() as History)).toEqual([]);
});

test('a lost message is reported with its id', () => {
  const history = smallHistory();
  history.tickets[mailTicket]?.entries.splice(2, 1);
  const violations = checkAll(history as History);
  expect(violations.map(({ promise }) => promise)).toEqual(['an acknowledged message is on a ticket']);
  expect(violations[0]?.detail).toContain('m2');
});

test('a message that was never acknowledged may be lost', () => {
  expect(
    broken(({ messages, tickets }) => {
      delete at(messages, 1).acknowledgedAtMs;
      at(tickets, mailTicket).entries.splice(2, 1);
    }),
  ).toEqual([]);
});

test.each<[string, string, (history: History_) => void]>([
  [
    'a message twice on its ticket',
    'a message is on one ticket once',
    ({ tickets }) => at(tickets, mailTicket).entries.push(inbound('email', 'm2')),
  ],
  [
    'a message on two tickets',
    'a message is on one ticket once',
    ({ tickets }) => at(tickets, chatTicket).entries.push(inbound('email', 'm2')),
  ],
  [
    'a message nobody sent',
    'a ticket holds only what customers sent',
    ({ tickets }) => at(tickets, chatTicket).entries.push(inbound('chat', 'made-up')),
  ],
  ['a right message refused', 'what is right is taken', ({ refusals }) => refusals.push('mail m9 was refused: 550 no')],
  [
    'a number given twice',
    'a ticket number is given once',
    ({ tickets }) => {
      at(tickets, chatTicket).number = at(tickets, mailTicket).number;
    },
  ],
  [
    'a second ticket for one conversation',
    'a conversation has one ticket',
    ({ tickets }) => {
      const entries = at(tickets, mailTicket).entries.splice(3, 1);
      tickets.push(ticket('t-twin', '20261122003', 'email', entries) as (typeof tickets)[number]);
    },
  ],
  [
    'two conversations on one ticket',
    'a ticket has one conversation',
    ({ messages }) => {
      at(messages, 2).conversation = 'thread 2';
    },
  ],
  [
    'mails in swapped order',
    'a conversation keeps its order',
    ({ tickets }) => swap(at(tickets, mailTicket).entries, 0, 2),
  ],
  [
    'chat lines in swapped order',
    'a conversation keeps its order',
    ({ tickets }) => swap(at(tickets, chatTicket).entries, 2, 3),
  ],
  ['a gap in the events', 'event numbers have no gap', ({ ticketEvents }) => ticketEvents.splice(2, 1)],
  [
    'two events of one number',
    'an event number is given once',
    ({ ticketEvents }) => ticketEvents.push({ ...at(ticketEvents, 2), id: 'other' }),
  ],
  [
    'one event under two numbers',
    'an event id is given once',
    ({ ticketEvents }) => {
      at(ticketEvents, 2).id = at(ticketEvents, 1).id;
    },
  ],
  ['events in swapped order', 'events are published in order', ({ ticketEvents }) => swap(ticketEvents, 2, 3)],
  [
    'a change without its event',
    'every change of a ticket is an event',
    ({ tickets }) => {
      at(tickets, mailTicket).lastSequence += 1n;
    },
  ],
  [
    'an event of no ticket',
    'every event belongs to a ticket',
    ({ ticketEvents }) => ticketEvents.push({ ...at(ticketEvents, 0), id: 'ghost', ticketId: 'ghost' }),
  ],
  [
    'a reply made twice',
    'a reply is made once, or refused',
    ({ tickets }) => {
      const twin = { ...at(at(tickets, mailTicket).entries, 4), id: 'twin' };
      at(tickets, mailTicket).entries.push(twin);
    },
  ],
  [
    'a refused reply made all the same',
    'a reply is made once, or refused',
    ({ commands }) => {
      at(commands, 0).result = 'refused';
    },
  ],
  [
    'an answer that never left',
    'an answer leaves',
    ({ outbound, deliveries, mails }) => {
      for (const list of [outbound, deliveries, mails]) list.splice(1, 1);
    },
  ],
  [
    'a ticket acknowledged twice',
    'a ticket is acknowledged once',
    ({ tickets, outbound }) => {
      const again = answer('again', OutboundPurpose.OUTBOUND_PURPOSE_ACKNOWLEDGEMENT);
      at(tickets, mailTicket).entries.push(again);
      outbound.push({ ...at(outbound, 0), id: 'again' });
    },
  ],
  ['a mail twice', 'a mail arrives once', ({ mails }) => mails.push(at(mails, 0))],
  ['a mail that counts as sent and is lost', 'a mail that counts as sent arrives', ({ mails }) => mails.splice(0, 1)],
  ['a mail of which nothing is known', 'a mail is sent or uncertain', ({ deliveries }) => deliveries.splice(0, 1)],
  [
    'a mail that failed',
    'a mail is sent or uncertain',
    ({ deliveries }) => deliveries.push(delivery('ack-mail', DeliveryStatus.DELIVERY_STATUS_FAILED)),
  ],
  [
    'a mail from nowhere',
    'only what left a ticket is sent',
    ({ mails }) => mails.push({ ...at(mails, 0), messageId: 'out.unknown@tributary.local' }),
  ],
  ['mails that arrive in swapped order', 'mails of a conversation arrive in order', ({ mails }) => swap(mails, 0, 1)],
  [
    'a chat line that never came',
    'a chat is shown without gap or repeat',
    ({ chats }) => at(chats, 0).received.splice(1, 1),
  ],
  [
    'a chat line shown twice',
    'a chat is shown without gap or repeat',
    ({ chats }) => at(chats, 0).received.push(at(at(chats, 0).received, 4)),
  ],
  ['a chat shown in part', 'a chat is shown whole', ({ chats }) => at(chats, 0).received.pop()],
  [
    'an answer missing in the chat',
    'an answer arrives in the chat',
    ({ chats }) => {
      for (const lines of [at(chats, 0).received, at(chats, 0).whole]) lines.pop();
    },
  ],
  [
    'chat lines shown in swapped order',
    'a chat keeps its order',
    ({ chats }) => {
      const lines = at(chats, 0).whole;
      [at(lines, 2).sequence, at(lines, 3).sequence] = [4, 3];
    },
  ],
  [
    'an agent above capacity',
    'capacity is kept',
    ({ agents }) => {
      at(agents, 0).capacityUnits = 30;
    },
  ],
  [
    'a load that is not the sum of the work',
    "an agent's load is the sum of their work",
    ({ agents }) => {
      at(agents, 0).loadUnits = 45;
    },
  ],
  [
    'a ticket two agents hold',
    'router and ticketing agree on one owner',
    ({ agents }) => agents.push({ ...at(agents, 0), id: 'bob', work: { 't-mail': 10 }, loadUnits: 10 }),
  ],
  [
    'work that is not given back',
    'router and ticketing agree on one owner',
    ({ tickets }) => {
      at(tickets, mailTicket).state = TicketState.TICKET_STATE_RESOLVED;
    },
  ],
  [
    'a dead letter',
    'nothing is a dead letter',
    ({ deadLetters }) => deadLetters.push({ topic: 'messages.inbound.v1.dlq', records: 1 }),
  ],
])('%s is reported', (_fault, promise, change) => {
  expect(broken(change)).toContain(promise);
});

test('the same event published again is no fault and counted', () => {
  const history = smallHistory();
  history.ticketEvents.push(at(history.ticketEvents, 1), at(history.ticketEvents, 1));
  expect(checkAll(history as History)).toEqual([]);
  expect(countRepeats(history as History)).toBe(2);
});

test('a mail left uncertain may have arrived or not, and is counted', () => {
  for (const arrived of [true, false]) {
    const history = smallHistory();
    at(history.deliveries, 1).status = DeliveryStatus.DELIVERY_STATUS_UNCERTAIN;
    if (!arrived) history.mails.splice(1, 1);
    expect(checkAll(history as History)).toEqual([]);
    expect(countUncertain(history as History)).toBe(1);
  }
});

test('mails sent without waiting for the acknowledgement may change places', () => {
  expect(
    broken(({ messages, tickets }) => {
      at(messages, 2).sentAtMs = at(messages, 1).sentAtMs;
      swap(at(tickets, mailTicket).entries, 2, 3);
    }),
  ).toEqual([]);
});

test('a closed ticket and its follow-up are one conversation on two tickets rightly', () => {
  expect(
    broken(({ tickets, agents }) => {
      const entries = at(tickets, mailTicket).entries.splice(3, 1);
      const followUp = ticket('t-mail-2', '20261122003', 'email', entries) as (typeof tickets)[number];
      at(tickets, mailTicket).state = TicketState.TICKET_STATE_CLOSED;
      tickets.push(followUp);
      at(agents, 0).work = { 't-mail-2': 10, 't-chat': 25 };
    }),
  ).not.toContain('a conversation has one ticket');
});

test('a ticket that is reopened goes to its owner whatever room they have', () => {
  const reopened = ({ agents, ticketEvents }: History_) => {
    at(agents, 0).capacityUnits = 30;
    const change = { $case: 'reopened', value: TicketReopened.fromPartial({}) } as const;
    ticketEvents.push({ ...at(ticketEvents, 0), id: 'again', ticketId: 't-mail', change });
  };
  expect(broken(reopened)).not.toContain('capacity is kept');
});
