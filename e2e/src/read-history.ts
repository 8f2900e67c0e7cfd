import {
  type AgentApi,
  AgentServiceService,
  allTopics,
  deadLetterTopic,
  decodeEvent,
  type Ticket,
  type TicketApi,
  TicketServiceService,
  type Topic,
  topics,
} from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';
import { connectGrpc } from '@tributary/runtime';
import { until } from '@tributary/testing';
import type { History } from './history.ts';
import type { System } from './system.ts';

/** What Tributary says of itself; the rest of a history is what was done to it. */
export type SystemState = Pick<
  History,
  'tickets' | 'ticketEvents' | 'outbound' | 'deliveries' | 'offers' | 'agents' | 'deadLetters'
>;

/** Reads everything from the log and over gRPC. It must be up; what changes meanwhile may be seen in part. */
export async function readSystemState(system: System, log: EventLog): Promise<SystemState> {
  await using ticketing = connectGrpc(system.ticketingAddress, { defaultTimeoutMs: 30_000 });
  await using router = connectGrpc(system.routerAddress, { defaultTimeoutMs: 30_000 });
  const agents: AgentApi = router.api(AgentServiceService);
  const counts = new Map((await log.listTopics()).map(({ name, records }) => [name, records]));
  const read = <T>(topic: Topic<T>) => readTopic(log, topic, counts.get(topic.name) ?? 0);
  return {
    tickets: await readTickets(ticketing.api(TicketServiceService)),
    agents: (await agents.listAgents({ presence: 0 })).agents,
    ticketEvents: await read(topics.ticketEvents),
    outbound: await read(topics.outbound),
    deliveries: await read(topics.delivery),
    offers: await read(topics.offers),
    deadLetters: allTopics
      .map(({ name }) => ({ topic: deadLetterTopic(name), records: counts.get(deadLetterTopic(name)) ?? 0 }))
      .filter(({ records }) => records > 0),
  };
}

/** Everything a topic holds, in order per key. */
async function readTopic<T>(log: EventLog, topic: Topic<T>, records: number): Promise<T[]> {
  const read: T[] = [];
  const reader = await log.tail({
    topics: [topic.name],
    from: 'start',
    handle: (record) => void read.push(decodeEvent(topic, record)),
  });
  try {
    await until(`${records} records of ${topic.name}; there are ${read.length}`, () => read.length >= records, {
      timeoutMs: 60_000,
    });
  } finally {
    await reader.stop();
  }
  return read;
}

async function readTickets(api: TicketApi): Promise<Ticket[]> {
  const all = { states: [], ownerId: '', region: '', channel: '', customerId: '', queue: '', unassigned: false };
  const tickets: Ticket[] = [];
  let pageToken = '';
  do {
    const page = await api.listTickets({ ...all, pageSize: 500, pageToken });
    // The list leaves the entries out.
    for (let next = 0; next < page.tickets.length; next += 20) {
      tickets.push(...(await Promise.all(page.tickets.slice(next, next + 20).map(({ id }) => api.getTicket({ id })))));
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return tickets;
}
