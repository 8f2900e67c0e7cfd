import { status } from '@grpc/grpc-js';
import { type Actor, ActorKind, type Caller, type IngestResult } from '@tributary/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { by, Desk, grade, mail } from './desk.ts';
import { openInMemory } from './embedded.ts';

let adapters: Awaited<ReturnType<typeof openInMemory>>;
let desk: Desk;
let eu: IngestResult;
let cn: IngestResult;
beforeAll(async () => {
  adapters = await openInMemory();
  desk = await Desk.open(adapters);
  const [first, second] = await desk.ingestGraded(
    { message: mail(), grade: grade({ region: 'eu' }) },
    { message: mail(), grade: grade({ region: 'cn' }) },
  );
  if (first === undefined || second === undefined) throw new Error('two tickets are needed');
  [eu, cn] = [first, second];
});
afterAll(async () => {
  await desk[Symbol.asyncDispose]();
  await adapters[Symbol.asyncDispose]();
});

const person = (actor: string, role: Caller['role'], ...regions: string[]) => ({ caller: { actor, role, regions } });
const grace = person('grace', 'agent', 'eu');
const lead = person('lena', 'supervisor', 'eu');
const manager = person('max', 'manager');
const router = person('router', 'service');
const actor = (id: string, kind: ActorKind = ActorKind.ACTOR_KIND_AGENT): Actor => ({ kind, id, displayName: '' });
const everything = {
  ...{ states: [], ownerId: '', region: '', channel: '', customerId: '', queue: '', unassigned: false },
  ...{ pageSize: 0, pageToken: '' },
};
const search = { query: 'lamp', filter: undefined, pageSize: 0, pageToken: '' };
const failure = (call: Promise<unknown>) => call.catch((error: unknown) => error);

test('P1: an agent and a supervisor find tickets of their regions only, a manager and a service all', async () => {
  const numbers = async (who: typeof grace) => {
    const listed = await desk.tickets.listTickets(everything, who);
    const found = await desk.tickets.searchTickets(search, who);
    expect(found.tickets.map(({ id }) => id)).toEqual(listed.tickets.map(({ id }) => id));
    return listed.tickets.map(({ number }) => number).sort();
  };
  const both = [eu.ticketNumber, cn.ticketNumber].sort();
  expect(await numbers(grace)).toEqual([eu.ticketNumber]);
  expect(await numbers(lead)).toEqual([eu.ticketNumber]);
  expect(await numbers(person('nobody', 'agent'))).toEqual([]);
  expect(await numbers(manager)).toEqual(both);
  expect(await numbers(router)).toEqual(both);
  // The filter narrows, and opens nothing.
  expect((await desk.tickets.listTickets({ ...everything, region: 'cn' }, grace)).tickets).toEqual([]);
});

test('P1: a ticket of another region is as if there were none, for reading and for changing, by id and by number', async () => {
  for (const id of [cn.ticketId, cn.ticketNumber]) {
    const none = { code: status.NOT_FOUND, message: `there is no ticket ${id}` };
    expect(await failure(desk.tickets.getTicket({ id }, grace))).toMatchObject(none);
    expect(
      await failure(desk.tickets.listEvents({ ticketId: id, afterSequence: 0n, pageSize: 0 }, lead)),
    ).toMatchObject(none);
    const note = { ticketId: id, context: by(), text: 'a note', attachments: [] };
    expect(await failure(desk.tickets.addNote(note, grace))).toMatchObject(none);
    const typing = { ticketId: id, actor: actor('grace'), active: true };
    expect(await failure(desk.tickets.signalTyping(typing, grace))).toMatchObject(none);
  }
  const unknown = { code: status.NOT_FOUND, message: 'there is no ticket 20260501999' };
  expect(await failure(desk.tickets.getTicket({ id: '20260501999' }, grace))).toMatchObject(unknown);
});

test('P1: what was given to an agent is theirs, wherever it lies, until it is handed on', async () => {
  const [far = eu] = await desk.ingestGraded({ message: mail(), grade: grade({ region: 'cn' }) });
  const id = far.ticketId;
  const items = [{ ticketId: id, ownerId: 'grace', decisionId: 'd', replaceOwner: false }];
  const system = actor('router', ActorKind.ACTOR_KIND_SYSTEM);
  await desk.tickets.assignTickets({ items, actor: system }, router);
  expect(await desk.tickets.getTicket({ id }, grace)).toMatchObject({ id });
  expect((await desk.tickets.listTickets(everything, grace)).tickets.map((ticket) => ticket.id)).toContain(id);

  const escalate = { ticketId: id, context: by(actor('grace')), reason: 'too hard', toTier: 0 };
  const escalated = await desk.tickets.escalate(escalate, grace);
  expect(await desk.tickets.escalate(escalate, grace)).toEqual(escalated);
  expect(await failure(desk.tickets.getTicket({ id }, grace))).toMatchObject({ code: status.NOT_FOUND });
  const same = { ...escalate, context: { ...escalate.context, actor: actor('eve') } };
  expect(await failure(desk.tickets.escalate(same, person('eve', 'agent', 'eu')))).toMatchObject({
    code: status.NOT_FOUND,
  });
});

test('who acts is who calls: in every command', async () => {
  const { ticketId } = eu;
  const denied = { code: status.PERMISSION_DENIED, message: 'the actor must be AGENT "grace", who calls' };
  const others = [actor('ann'), actor('grace', ActorKind.ACTOR_KIND_SYSTEM), actor('c', ActorKind.ACTOR_KIND_CUSTOMER)];
  for (const other of others) {
    const change = { ticketId, context: by(other) };
    const calls = [
      desk.tickets.reply({ ...change, text: 'hello', html: '', attachments: [], visibility: 0 }, grace),
      desk.tickets.call({ ...change, phoneNumber: '' }, grace),
      desk.tickets.addNote({ ...change, text: 'a note', attachments: [] }, grace),
      desk.tickets.assign({ ...change, ownerId: 'ann' }, grace),
      desk.tickets.escalate({ ...change, reason: '', toTier: 0 }, grace),
      desk.tickets.setPending({ ...change, until: undefined, reason: '' }, grace),
      desk.tickets.resolve({ ...change, solution: '' }, grace),
      desk.tickets.reopen({ ...change, reason: '' }, grace),
      desk.tickets.close(change, grace),
    ];
    for (const call of calls) expect(await failure(call)).toMatchObject(denied);
  }
  expect(
    await failure(desk.tickets.signalTyping({ ticketId, actor: actor('ann'), active: true }, grace)),
  ).toMatchObject(denied);
  const own = { ticketId, context: by(actor('grace')), text: 'my own note', attachments: [] };
  expect((await desk.tickets.addNote(own, grace)).entries.at(-1)).toMatchObject({ text: 'my own note' });
});

test('messages are put on tickets, and given to agents in batches, by services in their own name only', async () => {
  const items = [{ message: mail(), grade: grade() }];
  const forServices = { code: status.PERMISSION_DENIED, message: 'this call is for service only' };
  expect(await failure(desk.tickets.ingestMessages({ items }, manager))).toMatchObject(forServices);
  const assign = { items: [{ ticketId: eu.ticketId, ownerId: 'ann', decisionId: '', replaceOwner: true }] };
  expect(await failure(desk.tickets.assignTickets({ ...assign, actor: actor('max') }, manager))).toMatchObject(
    forServices,
  );
  const insights = actor('insights', ActorKind.ACTOR_KIND_SYSTEM);
  expect(await failure(desk.tickets.assignTickets({ ...assign, actor: insights }, router))).toMatchObject({
    message: 'the actor must be SYSTEM "router", who calls',
  });
  expect((await desk.tickets.ingestMessages({ items }, router)).results).toMatchObject([{ created: true }]);
});
