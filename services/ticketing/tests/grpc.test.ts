import { Client, credentials, status } from '@grpc/grpc-js';
import { ActorKind, StatusError, type TicketApi, TicketServiceService } from '@tributary/contracts';
import { UnavailableError } from '@tributary/docstore';
import { connectGrpc, createGrpcServer, createLogger, type GrpcChannel } from '@tributary/runtime';
import { failingStore } from '@tributary/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { by, Desk, grade, mail } from './desk.ts';
import { openInMemory } from './embedded.ts';

let isAway = false;
let adapters: Awaited<ReturnType<typeof openInMemory>>;
let desk: Desk;
let server: ReturnType<typeof createGrpcServer>;
let channel: GrpcChannel;
let tickets: TicketApi;
beforeAll(async () => {
  adapters = await openInMemory();
  const away = () => (isAway ? new UnavailableError('connect ECONNREFUSED 10.0.0.7:27017') : undefined);
  desk = await Desk.open({ ...adapters, docStore: failingStore(adapters.docStore, away) });
  const logger = createLogger('test', 'silent');
  server = createGrpcServer({ bindings: desk.service.grpc, host: '127.0.0.1', port: 0, logger });
  await server.start();
  channel = connectGrpc(`127.0.0.1:${server.port}`);
  tickets = channel.api(TicketServiceService);
});
afterAll(async () => {
  await channel[Symbol.asyncDispose]();
  await server.stop();
  await desk[Symbol.asyncDispose]();
  await adapters[Symbol.asyncDispose]();
});

test('a batch, a command and a query over the network answer as in one process', async () => {
  const items = Array.from({ length: 100 }, () => ({ message: mail(), grade: grade() }));
  const { results } = await tickets.ingestMessages({ items });
  expect(results.map(({ messageId }) => messageId)).toEqual(items.map(({ message }) => message.id));
  const { ticketId = '' } = results[0] ?? {};
  await tickets.addNote({ ticketId, context: by(), text: 'a note', attachments: [] });
  expect(await tickets.getTicket({ id: ticketId })).toEqual(await desk.tickets.getTicket({ id: ticketId }));
  const { events } = await tickets.listEvents({ ticketId, afterSequence: 2n, pageSize: 1 });
  expect(events).toMatchObject([{ sequence: 3n, change: { $case: 'replyAdded' } }]);
});

test('errors keep their code, their reason and the bad fields', async () => {
  const [{ ticketId = '' } = {}] = await desk.ingest(mail());
  const failure = (call: Promise<unknown>) => call.catch((error: unknown) => error);
  expect(await failure(tickets.getTicket({ id: 'nothing' }))).toMatchObject({ code: status.NOT_FOUND });
  expect(await failure(tickets.close({ ticketId, context: by() }))).toMatchObject({
    code: status.FAILED_PRECONDITION,
    message: 'a ticket that is new cannot be closed; resolve it first',
  });
  const stale = by({ kind: ActorKind.ACTOR_KIND_AGENT, id: 'grace', displayName: '' }, 'stale', 7n);
  expect(await failure(tickets.resolve({ ticketId, context: stale, solution: '' }))).toMatchObject({
    code: status.ABORTED,
    message: 'the ticket has version 1, not 7',
  });
  const bad = await failure(tickets.escalate({ ticketId, context: undefined, reason: 'x'.repeat(2001), toTier: 4 }));
  expect(bad).toBeInstanceOf(StatusError);
  expect((bad as StatusError).violations.map(({ field }) => field)).toEqual([
    'context',
    'context.actor',
    'reason',
    'to_tier',
  ]);
  expect(await failure(tickets.ingestMessages({ items: [] }))).toMatchObject({
    violations: [{ field: 'items', description: 'must have 1 to 1000 items, has 0' }],
  });
});

test('while the store is away every call is UNAVAILABLE, without its address, and the same call succeeds afterwards', async () => {
  const [{ ticketId = '' } = {}] = await desk.ingest(mail());
  const calls = {
    ingest: () => tickets.ingestMessages({ items: [{ message: mail(), grade: grade() }] }),
    get: () => tickets.getTicket({ id: ticketId }),
    search: () => tickets.searchTickets({ query: 'lamp', filter: undefined, pageSize: 0, pageToken: '' }),
    note: () => tickets.addNote({ ticketId, context: by(), text: 'a note', attachments: [] }),
    assign: () =>
      tickets.assignTickets({
        items: [{ ticketId, ownerId: 'ann', decisionId: 'd', replaceOwner: false }],
        actor: { kind: ActorKind.ACTOR_KIND_SYSTEM, id: 'router', displayName: '' },
      }),
  };
  for (const call of Object.values(calls)) {
    isAway = true;
    const failure = await call().catch((error: unknown) => error);
    isAway = false;
    expect(failure).toMatchObject({
      code: status.UNAVAILABLE,
      message: 'the ticket store does not answer; try again later',
    });
    await call();
  }
});

test('health says SERVING for the service by name', async () => {
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const name = 'tributary.tickets.v1.TicketService';
  // grpc.health.v1: HealthCheckRequest{service = 1}, HealthCheckResponse{status = 1}; SERVING = 1.
  const request = Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)]);
  const same = (bytes: Buffer) => bytes;
  const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', same, same, request, (error, response) =>
      error ? reject(error) : resolve(response),
    );
  });
  client.close();
  expect(answer).toEqual(Buffer.from([0x08, 0x01]));
});
