import type { BlobStore } from '@tributary/blobstore';
import {
  AgentServiceService,
  RoutingServiceService,
  type Ticket,
  type TicketEvent,
  TicketServiceService,
  topics,
} from '@tributary/contracts';
import type { DocStore } from '@tributary/docstore';
import type { EventLog, LogRecord } from '@tributary/eventlog';
import { connectGrpc, createLogger, systemClock } from '@tributary/runtime';
import { createStandalone, type Simulators, type Standalone, startSimulators } from '@tributary/standalone';
import { until } from '@tributary/testing';
import { freePort } from '@tributary/testing/servers';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatCustomer } from '../src/chat-customer.ts';
import { type CustomerMail, type MailSink, startMailSink } from '../src/mail-sink.ts';
import { MessageBook } from '../src/message-book.ts';

export interface Adapters extends AsyncDisposable {
  readonly eventLog: EventLog;
  readonly docStore: DocStore;
  readonly blobStore: BlobStore;
}

const newState = 1;
const openState = 2;
const resolvedState = 4;

/** What a customer and an agent see of the whole system, on whatever adapters it is given. */
export function oneMessageSuite(where: string, open: () => Promise<Adapters>): void {
  describe(`one message, end to end, ${where}`, () => {
    let adapters: Adapters;
    let system: Standalone;
    let simulators: Simulators;
    let sink: MailSink;
    let channel: ReturnType<typeof connectGrpc>;
    const api = () => channel.api(TicketServiceService);

    beforeAll(async () => {
      adapters = await open();
      sink = await startMailSink();
      const httpPort = await freePort();
      const ownUrl = `http://127.0.0.1:${httpPort}`;
      simulators = await startSimulators({}, { phone: ownUrl, social: ownUrl });
      system = await createStandalone({
        ...adapters,
        clock: systemClock,
        logger: createLogger('e2e', 'error'),
        host: '127.0.0.1',
        httpPort,
        grpcPort: 0,
        environment: {
          HOST: '127.0.0.1',
          SMTP_PORT: '0',
          EMAIL_OUT: `smtp://127.0.0.1:${sink.port}`,
          ROUTER_SEED_PRESENCE: 'online',
          CONSOLE_FEED: 'on',
          PUBLIC_URL: ownUrl,
          ...simulators.environment,
        },
      });
      await system.start();
      channel = connectGrpc(`127.0.0.1:${system.ports.grpc}`);
    }, 120_000);

    afterAll(async () => {
      await channel?.[Symbol.asyncDispose]();
      await system?.stop();
      await simulators?.stop();
      await sink?.[Symbol.asyncDispose]();
      await adapters?.[Symbol.asyncDispose]();
    }, 60_000);

    const send = async (mail: Parameters<ReturnType<typeof createTransport>['sendMail']>[0]) => {
      const transport = createTransport({ host: '127.0.0.1', port: system.ports.smtp, secure: false, ignoreTLS: true });
      const { messageId } = await transport.sendMail({ to: 'support@tributary.local', ...mail });
      transport.close();
      return messageId;
    };
    const ticketOf = (address: string) =>
      until(`an owned ticket of ${address}`, async () => {
        const { tickets } = await api().searchTickets({
          query: address,
          filter: undefined,
          pageSize: 10,
          pageToken: '',
        });
        return tickets.find((ticket) => ticket.ownerId !== '');
      });
    const whole = (ticket: Ticket) => api().getTicket({ id: ticket.id });
    const mailTo = (address: string, count: number): Promise<CustomerMail> =>
      until(`mail ${count} to ${address}`, () => sink.mails.filter((mail) => mail.to === address)[count - 1]);
    const context = (commandId: string) => ({
      commandId,
      actor: { kind: 1, id: 'anna-weber', displayName: 'Anna' } as const,
      expectedVersion: 0n,
    });
    const reply = (ticket: Ticket, text: string, commandId = `reply-${ticket.id}-${text}`) =>
      api().reply({ ticketId: ticket.id, context: context(commandId), text, html: '', attachments: [], visibility: 0 });

    test('I1, I2, G1, G2: a mail becomes a graded, owned ticket and is acknowledged in its language', async () => {
      await send({ from: 'Mei <mei@example.com>', subject: '电池冒烟', text: '我的滑板车电池充电时冒烟，怎么办？' });
      const ticket = await ticketOf('mei@example.com');
      expect(ticket).toMatchObject({ state: newState, channel: 'email', subject: '电池冒烟' });
      expect(ticket.number).toMatch(/^\d{11,}$/);
      expect(ticket.grade).toMatchObject({ type: 1, severity: 1, language: 'zh' });
      expect(ticket.grade?.reasons.map(({ field }) => field)).toEqual(
        expect.arrayContaining(['type', 'severity', 'language', 'region']),
      );
      const acknowledgement = await mailTo('mei@example.com', 1);
      expect(acknowledgement.subject).toContain(ticket.number);
    });

    test('an agent answers by mail; the customer’s answer goes to the same ticket and reopens it', async () => {
      const first = await send({
        from: 'joe@example.com',
        subject: 'App crashes',
        text: 'The app crashes when I open the map.',
      });
      const ticket = await ticketOf('joe@example.com');
      await reply(ticket, 'Please install version 2.4.');
      const answer = await mailTo('joe@example.com', 2);
      expect(answer.references).toContain(first.replace(/^<|>$/g, ''));
      await api().resolve({ ticketId: ticket.id, context: context(`resolve-${ticket.id}`), solution: 'Update' });
      expect((await whole(ticket)).state).toBe(resolvedState);
      await send({
        from: 'joe@example.com',
        to: answer.replyTo,
        subject: 'Re: App crashes',
        text: 'It still crashes.',
        inReplyTo: `<${answer.messageId}>`,
        references: `<${answer.messageId}>`,
      });
      const reopened = await until('the answer on the ticket', async () => {
        const now = await whole(ticket);
        return now.entries.some(({ text }) => text.includes('still crashes')) && now;
      });
      expect(reopened.state).toBe(openState);
      expect(reopened.ownerId).toBe(ticket.ownerId);
    });

    test('the same mail delivered ten times at once is one message on one ticket', async () => {
      const mail = {
        from: 'twin@example.com',
        subject: 'Invoice',
        text: 'Where is my invoice?',
        messageId: '<twin@example.com>',
        date: new Date('2026-05-01T08:00:00Z'),
      };
      await Promise.all(Array.from({ length: 10 }, () => send(mail)));
      const ticket = await ticketOf('twin@example.com');
      await send(mail);
      // A later mail of the same sender marks the point by which the repeats were handled.
      await send({
        from: 'twin@example.com',
        subject: 'Re: Invoice',
        text: 'marker',
        inReplyTo: '<twin@example.com>',
        references: '<twin@example.com>',
      });
      const done = await until('the marker', async () => {
        const now = await whole(ticket);
        return now.entries.some(({ text }) => text.includes('marker')) && now;
      });
      expect(done.entries.filter(({ text }) => text.includes('invoice?'))).toHaveLength(1);
      const { tickets } = await api().searchTickets({
        query: 'twin@example.com',
        filter: undefined,
        pageSize: 10,
        pageToken: '',
      });
      expect(tickets).toHaveLength(1);
    });

    test('a ticket number quoted by a stranger does not let them in', async () => {
      await send({ from: 'owner@example.com', subject: 'Refund', text: 'I want my money back.' });
      const ticket = await ticketOf('owner@example.com');
      await send({
        from: 'stranger@example.com',
        subject: `Re: Refund [#${ticket.number}]`,
        text: 'Send it to me instead.',
      });
      const other = await ticketOf('stranger@example.com');
      expect(other.id).not.toBe(ticket.id);
      expect((await whole(ticket)).entries.some(({ text }) => text.includes('instead'))).toBe(false);
    });

    test('I3: a chat becomes a ticket, and the agent’s answer arrives in the chat once, also after a drop', async () => {
      const book = new MessageBook();
      const customer = new ChatCustomer('lin', {
        url: `ws://127.0.0.1:${system.ports.http}/chat/v1/ws`,
        site: 'demo',
        book,
      });
      customer.write('My scooter does not unlock, order 77-1234-lin.');
      await until('the acknowledgement', () => customer.openCount === 0);
      const ticket = await until('the chat’s ticket', async () => {
        const { tickets } = await api().searchTickets({
          query: '77-1234-lin',
          filter: undefined,
          pageSize: 10,
          pageToken: '',
        });
        return tickets.find(({ ownerId }) => ownerId !== '');
      });
      expect(ticket.channel).toBe('chat');
      customer.dropConnection();
      await reply(ticket, 'Hold the button for ten seconds.');
      await until('the answer in the chat', () =>
        customer.received.some(({ text }) => text.startsWith('Hold the button')),
      );
      customer.dropConnection();
      customer.write('It works, thank you!');
      await until('the second message', () => customer.openCount === 0);
      await until('the second message on the ticket', async () =>
        (await whole(ticket)).entries.some(({ text }) => text.startsWith('It works')),
      );
      expect(customer.received.filter(({ text }) => text.startsWith('Hold the button'))).toHaveLength(1);
      customer.close();
    });

    test.each(['sms', 'whatsapp'])(
      'I1: what comes by %s becomes a ticket, and the agent’s answer arrives once',
      async (medium) => {
        const customer = medium === 'sms' ? '+12025550171' : '+12025550172';
        const twilio = (path: string, init?: RequestInit) =>
          fetch(`${simulators.urls['twilio']}/simulator/${path}`, init);
        const body = JSON.stringify({ from: customer, to: '+15005550006', text: 'My battery gives off smoke' });
        expect((await twilio(medium, { method: 'POST', body })).status).toBe(200);
        const ticket = await ticketOf(customer);
        expect(ticket).toMatchObject({ channel: medium, grade: { type: 1, severity: 1 } });
        await reply(ticket, 'Unplug it at once.');
        await reply(ticket, 'Unplug it at once.');
        await reply(ticket, 'Then call us.');
        const texts = await until('both answers', async () => {
          const answer = await twilio(`messages?customer=${encodeURIComponent(customer)}`);
          const messages = (await answer.json()) as { readonly text: string }[];
          return messages.length < 3 ? undefined : messages.map(({ text }) => text);
        });
        // The first is the acknowledgement.
        expect(texts.slice(1)).toEqual(['Unplug it at once.', 'Then call us.']);
        expect(texts[0]).toContain(ticket.number);
      },
    );

    test('every decision explains itself, and every change is an event without gap or duplicate', async () => {
      await send({ from: 'events@example.com', subject: 'How to', text: 'How do I pair my phone?' });
      const ticket = await ticketOf('events@example.com');
      await reply(ticket, 'Open settings.', 'fixed-command');
      await reply(ticket, 'Open settings.', 'fixed-command');
      const { decisions } = await until('the decision', () =>
        channel.api(RoutingServiceService).listDecisions({ ticketId: ticket.id }),
      );
      expect(decisions[0]?.agentId).toBe(ticket.ownerId);
      expect(decisions[0]?.candidates.filter(({ qualified, reason }) => !qualified && reason === '')).toEqual([]);
      const { agents } = await channel.api(AgentServiceService).listAgents({ presence: 0 });
      expect(agents.find(({ id }) => id === ticket.ownerId)?.work).toHaveProperty(ticket.id);

      const events: TicketEvent[] = [];
      await using _tail = disposable(
        await adapters.eventLog.tail({
          topics: [topics.ticketEvents.name],
          from: 'start',
          handle: (record: LogRecord) => {
            if (record.key === ticket.id) events.push(topics.ticketEvents.codec.decode(record.value));
          },
        }),
      );
      await until('the reply’s delivery among the events', () =>
        events.some((event) => event.change?.$case === 'deliveryUpdated' && event.sequence > 4n),
      );
      const numbers = [...new Set(events.map(({ sequence }) => Number(sequence)))];
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      const replies = events.filter(
        ({ change }) => change?.$case === 'replyAdded' && change.value.entry?.text === 'Open settings.',
      );
      expect(new Set(replies.map(({ id }) => id)).size).toBe(1);
    });
  });
}

function disposable(consumer: { stop(): Promise<void> }): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => consumer.stop() };
}
