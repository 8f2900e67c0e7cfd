import { status } from '@grpc/grpc-js';
import {
  Agent,
  type AgentApi,
  AgentServiceService,
  invalidArgument,
  notFound,
  Offer,
  StatusError,
} from '@tributary/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bindGrpc, connectGrpc, createGrpcServer } from './grpc.ts';
import { createLogger } from './logger.ts';

const agents: AgentApi = {
  listAgents: async () => ({ agents: [] }),
  getAgent: async ({ id }) => {
    if (id === 'crash') throw new Error('secret detail');
    if (id === 'slow') return new Promise(() => {});
    return Agent.fromPartial({ id, name: 'Ada' });
  },
  setPresence: async () => {
    throw invalidArgument({ field: 'presence', description: 'must be ONLINE, AWAY or OFFLINE' });
  },
  putAgent: async ({ agent }) => Agent.fromPartial(agent ?? {}),
  listOffers: async () => ({ offers: [], nextPageToken: '' }),
  acceptOffer: async ({ offerId }) => Offer.fromPartial({ id: offerId }),
  declineOffer: async ({ offerId }) => Offer.fromPartial({ id: offerId }),
  async *watchOffers({ agentId }) {
    if (agentId === 'crash') throw notFound('there is no agent "crash"');
    for (let id = 1; ; id++) yield Offer.fromPartial({ id: `${id}`, agentId });
  },
};
const server = createGrpcServer({
  bindings: [bindGrpc('tributary.agents.v1.AgentService', AgentServiceService, agents)],
  host: '127.0.0.1',
  port: 0,
  logger: createLogger('test', 'silent'),
});

beforeAll(() => server.start());
afterAll(() => server.stop());

test('a call answers over the network as it does in one process', async () => {
  await using channel = connectGrpc(`127.0.0.1:${server.port}`);
  await expect(channel.api(AgentServiceService).getAgent({ id: 'ada' })).resolves.toMatchObject({
    id: 'ada',
    name: 'Ada',
  });
});

test('a bad field arrives with its name and what is allowed', async () => {
  await using channel = connectGrpc(`127.0.0.1:${server.port}`);
  const error = await channel
    .api(AgentServiceService)
    .setPresence({ id: 'a', presence: 0 })
    .catch((e: unknown) => e);
  expect(error).toBeInstanceOf(StatusError);
  expect(error).toMatchObject({
    code: status.INVALID_ARGUMENT,
    violations: [{ field: 'presence', description: 'must be ONLINE, AWAY or OFFLINE' }],
  });
});

test('a fault of ours says INTERNAL with a reference and nothing of its inside', async () => {
  await using channel = connectGrpc(`127.0.0.1:${server.port}`);
  const error = await channel
    .api(AgentServiceService)
    .getAgent({ id: 'crash' })
    .catch((e: unknown) => e);
  expect(error).toMatchObject({ code: status.INTERNAL });
  expect(String(error)).not.toContain('secret');
});

test('a call that takes too long ends with DEADLINE_EXCEEDED', async () => {
  await using channel = connectGrpc(`127.0.0.1:${server.port}`);
  const call = channel.api(AgentServiceService).getAgent({ id: 'slow' }, { timeoutMs: 50 });
  await expect(call).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
});

test('a streamed answer arrives message by message, and ends when the caller has seen enough', async () => {
  await using channel = connectGrpc(`127.0.0.1:${server.port}`);
  const seen: Offer[] = [];
  for await (const offer of channel.api(AgentServiceService).watchOffers({ agentId: 'ada' })) {
    seen.push(offer);
    if (seen.length === 3) break;
  }
  expect(seen.map(({ agentId, id }) => `${agentId} ${id}`)).toEqual(['ada 1', 'ada 2', 'ada 3']);
});

test('a streamed answer that fails tells why, as any other call does', async () => {
  await using channel = connectGrpc(`127.0.0.1:${server.port}`);
  const stream = channel.api(AgentServiceService).watchOffers({ agentId: 'crash' });
  await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: status.NOT_FOUND });
});

test('calls go round all replicas of an address, and all go on when one stops', async () => {
  const calls = [0, 0];
  const replicas = calls.map((_, replica) =>
    createGrpcServer({
      bindings: [
        bindGrpc('tributary.agents.v1.AgentService', AgentServiceService, {
          ...agents,
          getAgent: async ({ id }) => {
            calls[replica] = (calls[replica] ?? 0) + 1;
            return Agent.fromPartial({ id });
          },
        }),
      ],
      host: '127.0.0.1',
      port: 0,
      logger: createLogger('test', 'silent'),
    }),
  );
  for (const replica of replicas) await replica.start();
  await using channel = connectGrpc(`ipv4:${replicas.map(({ port }) => `127.0.0.1:${port}`).join(',')}`);
  const { getAgent } = channel.api(AgentServiceService);
  while (calls.includes(0)) await getAgent({ id: 'ada' });
  const [first, second] = replicas;
  const stopped = first?.stop();
  for (let call = 0; call < 50; call++) await getAgent({ id: 'ada' });
  await stopped;
  for (let call = 0; call < 50; call++) await getAgent({ id: 'ada' });
  await second?.stop();
});
