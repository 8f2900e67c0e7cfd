import type { AddressInfo } from 'node:net';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import type { ReceivedMail } from './history.ts';

/** A mail as the customer's client would show it, with what an answer to it needs. */
export interface CustomerMail extends ReceivedMail {
  readonly subject: string;
  /** Where answers go: Reply-To, else From. */
  readonly replyTo: string;
  /** Without angle brackets, oldest first. */
  readonly references: readonly string[];
}

/** The mail server of all customers: takes every mail at once and keeps it. */
export interface MailSink extends AsyncDisposable {
  readonly port: number;
  /** In the order of arrival. */
  readonly mails: readonly CustomerMail[];
}

export async function startMailSink(): Promise<MailSink> {
  const mails: CustomerMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onData(stream, session, done) {
      const recipient = session.envelope.rcptTo[0]?.address ?? '';
      simpleParser(stream).then((mail) => {
        const references = typeof mail.references === 'string' ? [mail.references] : (mail.references ?? []);
        mails.push({
          messageId: bare(mail.messageId ?? ''),
          to: recipient.toLowerCase(),
          atMs: Date.now(),
          subject: mail.subject ?? '',
          replyTo: (mail.replyTo ?? mail.from)?.value[0]?.address ?? '',
          references: references.map(bare),
        });
        // From here on the mail counts as arrived, whether or not the answer reaches the sender.
        done();
      }, done);
    },
  });
  // A killed sender breaks the connection off; that is part of the test.
  server.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function bare(id: string): string {
  return id.replace(/^<|>$/g, '');
}
