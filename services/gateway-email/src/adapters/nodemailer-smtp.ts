import { AccountUnavailableError, PermanentSendError, UncertainSendError } from '@tributary/gateway-kit';
import { createTransport } from 'nodemailer';
import type { SmtpSettings } from '../config.ts';
import type { OutgoingMail } from '../usecases/send-mail.ts';
import { mailData } from './mail-composer.ts';

/** What nodemailer says of a failure. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly command?: string;
}

/** A mail as nodemailer passes it through its plugins. */
interface Compiled {
  readonly message: { createReadStream(...settings: unknown[]): NodeJS.ReadableStream };
  readonly data: { readonly progress: { handedOver: boolean } };
}

export interface MailTransport {
  /** Fails with the errors of gateway-kit. */
  deliver(mail: OutgoingMail): Promise<void>;
  close(): void;
}

/** Sends over one mail server, with a pool of connections. */
export function createSmtpTransport(settings: SmtpSettings, maxConnections: number): MailTransport {
  const transporter = createTransport({
    pool: true,
    host: settings.host,
    port: settings.port,
    secure: settings.secure,
    ...(settings.user === undefined ? {} : { auth: { user: settings.user, pass: settings.password ?? '' } }),
    maxConnections,
    maxMessages: 1000,
    // Repeating is the sender's business, which knows what may have been accepted.
    maxRequeues: 0,
    connectionTimeout: 20_000,
    greetingTimeout: 20_000,
    socketTimeout: 120_000,
  });
  transporter.use('stream', (mail, done) => {
    // The connection takes the last byte only after the server has agreed to take the mail. From then on it may have
    // accepted it, whatever becomes of the connection.
    const { message, data } = mail as unknown as Compiled;
    const read = message.createReadStream.bind(message);
    message.createReadStream = (...settings) => {
      const stream = read(...settings);
      stream.once('end', () => {
        data.progress.handedOver = true;
      });
      return stream;
    };
    done();
  });
  return {
    async deliver(mail) {
      const progress = { handedOver: false };
      const envelope = { from: mail.envelope.from, to: [...mail.envelope.to] };
      try {
        await transporter.sendMail({ ...mailData(mail), envelope, progress } as Parameters<
          typeof transporter.sendMail
        >[0]);
      } catch (error) {
        throw sendError(error as SmtpError, progress.handedOver);
      }
    },
    close: () => transporter.close(),
  };
}

/** RFC 5321: 4yz may pass, 5yz will not. No reply after the whole mail went out: nobody knows. */
function sendError(error: SmtpError, handedOver: boolean): Error {
  const reply = error.response ?? error.message;
  const { responseCode } = error;
  if (error.code === 'EAUTH') return new AccountUnavailableError(`the mail server refuses the login: ${reply}`);
  if (responseCode !== undefined && responseCode >= 500) return new PermanentSendError(reply, replyCode(reply));
  if (responseCode !== undefined && responseCode !== 421) return new Error(reply);
  if (handedOver && responseCode === undefined) {
    return new UncertainSendError(`the connection to the mail server was lost before it replied: ${error.message}`);
  }
  if (error.code === 'EENVELOPE') return new PermanentSendError(error.message);
  if (error.code === 'ESTREAM' || error.code === 'EMESSAGE') return error;
  return new AccountUnavailableError(`the mail server does not answer: ${error.message}`);
}

/** `550 5.1.1` from `550 5.1.1 <x@y>: no such user`. */
function replyCode(reply: string): string {
  return /^(\d{3})(?:[ -](\d\.\d{1,3}\.\d{1,3}))?/.exec(reply)?.[0]?.replace('-', ' ') ?? '';
}
