import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AgentServiceService, ListTicketsRequest, OfferState, TicketServiceService } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { expect, test } from 'vitest';
import { ChatCustomer } from '../src/chat-customer.ts';
import { MessageBook } from '../src/message-book.ts';
import { openStandalone } from './open-standalone.ts';

const source = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const pending: OfferState = OfferState.OFFER_STATE_PENDING;

test('a chat is offered where the policy says so: one agent declines by agents.v1, the next accepts by the command and answers', {
  timeout: 60_000,
}, async () => {
  await using opened = new AsyncDisposableStack();
  const demo = await readFile(source('services/router/policies/demo.yaml'), 'utf8');
  const { httpAddress, grpcAddress, channel } = await openStandalone(opened, {
    environment(folder) {
      const policy = join(folder, 'policy.yaml');
      writeFileSync(policy, demo.replace(/^offers:$/m, 'offers:\n  chat: { timeout: 30s }'));
      return { ROUTER_POLICY_FILE: policy };
    },
  });
  const agents = channel.api(AgentServiceService);
  const tickets = channel.api(TicketServiceService);
  const tributary = async (...words: readonly string[]) => {
    const command = ['--conditions=@tributary/source', source('packages/cli/src/main.ts'), ...words];
    const env = { ...process.env, TICKETING_ADDRESS: grpcAddress, ROUTER_ADDRESS: grpcAddress };
    return (await promisify(execFile)(process.execPath, command, { env })).stdout;
  };
  const offered = (not = '') =>
    until('the chat to be offered', async () => {
      const { offers } = await agents.listOffers({
        ...{ agentId: '', ticketId: '', states: [pending], pageSize: 10, pageToken: '' },
      });
      return offers.find(({ agentId }) => agentId !== not);
    });
  const ticket = async () =>
    (await tickets.listTickets(ListTicketsRequest.fromPartial({ channel: 'chat' }))).tickets[0];

  const url = `ws://${httpAddress}/chat/v1/ws`;
  const customer = new ChatCustomer('chat 1', { url, site: 'demo', book: new MessageBook() });
  opened.defer(() => customer.close());
  customer.write('How do I connect the scooter to my phone?');
  const first = await offered();
  expect((await ticket())?.ownerId).toBe('');
  await agents.declineOffer({ offerId: first.id, agentId: first.agentId, reason: 'at lunch' });
  const second = await offered(first.agentId);
  expect(await tributary('offers', 'list', '--state', 'pending')).toContain(second.ticketNumber);
  await tributary('offers', 'accept', second.ticketNumber, '--agent', second.agentId);

  await until('its owner', async () => (await ticket())?.ownerId === second.agentId);
  expect(await tributary('explain', second.ticketNumber)).toMatch(/at lunch[\s\S]*accepted/);
  await tributary('tickets', 'reply', second.ticketNumber, '--text', 'Hold the power button.');
  await until('the answer in the chat', () => customer.received.some(({ text }) => text === 'Hold the power button.'));
});
