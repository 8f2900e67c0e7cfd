import { randomUUID } from 'node:crypto';
import { type Ticket, TicketServiceService } from '@tributary/contracts';
import { connectGrpc } from '@tributary/runtime';
import { until } from '@tributary/testing';
import { startWebhookSimulator } from '@tributary/testing/simulators/webhook';
import { expect, onTestFinished } from 'vitest';
import { startOtlpCollector } from './otlp-collector.ts';

/** Machines that are busy with other things take their time. */
export const patience = { timeoutMs: 120_000 };

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export interface Started {
  readonly gatewayUrl: string;
  readonly ticketingAddress: string;
  stop(): Promise<void>;
}

/** A Tributary whose telemetry we see, joined to a simulated platform. */
export async function observedSystem(start: (environment: Record<string, string>) => Promise<Started>) {
  const collector = await startOtlpCollector();
  onTestFinished(() => collector[Symbol.asyncDispose]());
  let gatewayUrl = '';
  const platform = await startWebhookSimulator({ secret, account: 'shop', gateway: () => gatewayUrl });
  onTestFinished(() => platform[Symbol.asyncDispose]());
  const account = {
    channel: 'webhook',
    name: 'shop',
    verifyWith: [secret],
    signWith: [secret],
    url: platform.url,
    allowPrivateAddress: true,
  };
  const system = await start({
    ...collector.environment,
    ROUTER_SEED_PRESENCE: 'online',
    SOCIAL_ACCOUNTS: JSON.stringify([account]),
  });
  onTestFinished(() => system.stop());
  gatewayUrl = system.gatewayUrl;
  const channel = connectGrpc(system.ticketingAddress);
  onTestFinished(() => channel[Symbol.asyncDispose]());
  const tickets = channel.api(TicketServiceService);
  const ticket = (isIt: (ticket: Ticket) => boolean = () => true): Promise<Ticket> =>
    until(
      'an owned ticket',
      async () => {
        const filter = { states: [], ownerId: '', region: '', channel: 'webhook', customerId: '', queue: '' };
        const page = { unassigned: false, pageSize: 100, pageToken: '' };
        const { tickets: found } = await tickets.listTickets({ ...filter, ...page });
        return found.find((each) => each.ownerId !== '' && isIt(each));
      },
      patience,
    );
  return { collector, platform, tickets, ticket, gatewayUrl };
}

type Observed = Awaited<ReturnType<typeof observedSystem>>;

/**
 * Sends one message in, and waits until one trace leads from the webhook to its acknowledgement at the platform.
 * @returns the trace's id.
 */
export async function expectOneTrace({ collector, platform }: Observed): Promise<string> {
  const conversation = randomUUID();
  const text = 'My scooter battery smokes';
  const message = { id: randomUUID(), conversation, sender: { id: randomUUID(), name: 'Mei' }, text };
  expect(await platform.write(message)).toBe(200);
  await until('the answer', () => platform.replies.some((reply) => reply.conversation === conversation), patience);
  const wanted = [
    'send messages.inbound.v1',
    'process messages.inbound.v1',
    'process messages.outbound.v1',
    'deliver webhook',
    'send messages.delivery.v1',
    'process messages.delivery.v1',
  ];
  const missing = (): string[] => {
    const names = collector.spans.filter((span) => span.traceId === webhook()).map(({ name }) => name);
    return wanted.filter((name) => !names.includes(name));
  };
  const webhook = () =>
    collector.spans.find(({ attributes }) => attributes['http.route'] === '/channels/webhook/:account')?.traceId;
  await until('the whole trace', () => missing().length === 0, patience).catch(() => expect(missing()).toEqual([]));
  return webhook() ?? '';
}
