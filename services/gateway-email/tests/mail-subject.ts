import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Behaviour,
  ChannelSubject,
  CreateChannel,
  CustomerMessage,
  Provider,
} from '@tributary/gateway-kit/contract';
import { freePort } from '@tributary/testing/servers';
import { simpleParser } from 'mailparser';
import { createTransport } from 'nodemailer';
import { SMTPServer } from 'smtp-server';
import { createEmailChannel, readEmailConfig } from '../src/service.ts';

const support = 'support@tributary.local';

/** One mailbox on an IMAP server without TLS, and its owner. */
export interface Mailbox {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** The address of the provider says the rest: where our SMTP listener is to listen, or which mailbox is ours. */
export const createChannel: CreateChannel = (providerUrl, ground) => {
  const { hostname, port, searchParams } = new URL(providerUrl);
  const mailbox = searchParams.get('mailbox');
  const imap = mailbox === null ? undefined : { host: '127.0.0.1', secure: false, ...(JSON.parse(mailbox) as Mailbox) };
  const config = readEmailConfig({
    EMAIL_ACCOUNTS: JSON.stringify([{ address: support, imap }]),
    EMAIL_OUT: `smtp://${hostname}:${port}`,
    SMTP_PORT: searchParams.get('smtpPort') ?? 'off',
  });
  return createEmailChannel({ ...ground, config });
};

const noCalls = 'mail is not brought by HTTP requests';
export const withoutSignatures: NonNullable<ChannelSubject['without']> = {
  signature: `${noCalls}; what DKIM and SPF say of a sender is shown on the message (identity.test.ts)`,
  'signed body': `${noCalls}; a mail is taken as it comes`,
  'signed time': `${noCalls}; mail may be days on its way`,
  'unknown kinds': 'a mail has no kind; one that cannot be read is kept raw (mails.test.ts)',
};

/** The customers' mail server, and the customers who send by SMTP to our listener. */
async function startSmtpProvider(): Promise<Provider> {
  const server = await startMailServer();
  const ourPort = await freePort();
  const mailOf = mailWriter();
  const transport = () => createTransport({ host: '127.0.0.1', port: ourPort, ignoreTLS: true });
  const send = async (message: CustomerMessage, raw: Buffer) => {
    const client = transport();
    try {
      await client.sendMail({ envelope: { from: addressOf(message), to: support }, raw });
      return 'taken';
    } catch (error) {
      return (error as { response?: string }).response ?? (error as Error).message;
    } finally {
      client.close();
    }
  };
  return {
    ...server,
    url: `${server.url}?smtpPort=${ourPort}`,
    async write(message) {
      const answer = await send(message, mailOf(message));
      if (answer !== 'taken' && !answer.startsWith('451')) throw new Error(`refused for good: ${answer}`);
      return answer === 'taken';
    },
    async breakOff(message) {
      const socket = connect(ourPort, '127.0.0.1');
      const half = mailOf(message).subarray(0, -20);
      for (const line of ['EHLO there', `MAIL FROM:<${addressOf(message)}>`, `RCPT TO:<${support}>`, 'DATA']) {
        await once(socket, 'data');
        socket.write(`${line}\r\n`);
      }
      await once(socket, 'data');
      socket.end(half);
      socket.resume();
      await once(socket, 'close');
    },
    writeTooMuch: () =>
      send({ id: '1', conversation: '501', text: '' }, Buffer.alloc(51 * 1024 * 1024, 'a mail without an end\r\n')),
  };
}

export const smtp: ChannelSubject = {
  ...{ module: import.meta.url, createChannel },
  startProvider: startSmtpProvider,
  without: withoutSignatures,
};

/** A mail server that takes what we send to customers. */
export async function startMailServer(): Promise<Omit<Provider, 'write'>> {
  const received: string[] = [];
  let behaviour: Behaviour = 'well';
  let tries = 0;
  const reply = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 100,
    // A server that is down has none of its connections left either: here the next command on one learns of it.
    onConnect: (_session, done) => done(behaviour === 'down' ? reply(421, '4.3.2 Out of service') : null),
    onMailFrom(_address, _session, done) {
      tries += 1;
      if (behaviour === 'down') return done(reply(421, '4.3.2 Out of service'));
      done(behaviour === 'busy' ? reply(450, '4.7.1 Too many messages, slow down') : null);
    },
    onData(stream, _session, done) {
      void simpleParser(stream).then(({ text = '' }) => {
        received.push(text);
        if (behaviour !== 'silent') done();
      }, done);
    },
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as { port: number };
  server.server.on('connection', () => {
    if (behaviour === 'down') tries += 1;
  });
  return {
    url: `smtp://127.0.0.1:${port}`,
    received: () => received,
    tries: () => tries,
    behave(next) {
      behaviour = next;
    },
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(resolve));
      await sleep(0);
    },
  };
}

export const mailModule = import.meta.url;

const addressOf = ({ conversation }: CustomerMessage) => `customer-${conversation}@example.com`;

/** Makes the customers' mails: the same id is the same mail, and later ones of a thread refer to the first. */
export function mailWriter(): (message: CustomerMessage) => Buffer {
  const threads = new Map<string, string>();
  return (message) => {
    const { id, conversation, text } = message;
    const first = threads.get(conversation) ?? id;
    threads.set(conversation, first);
    const lines = [
      `From: ${addressOf(message)}`,
      `To: ${support}`,
      `Subject: ${first === id ? '' : 'Re: '}Battery`,
      `Message-ID: <${id}@example.com>`,
      ...(first === id ? [] : [`In-Reply-To: <${first}@example.com>`, `References: <${first}@example.com>`]),
      ...['Date: Fri, 1 May 2026 10:00:00 +0200', '', text, ''],
    ];
    return Buffer.from(lines.join('\r\n'));
  };
}
