import { access } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { createTransport } from 'nodemailer';
import type { CliContext, GlobalOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure, unavailableFailure, usageFailure } from '../failure.ts';
import { printJson } from '../text/json.ts';
import { plainLine } from '../text/plain.ts';

export interface SendEmailOptions extends GlobalOptions {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly attach?: readonly string[];
  readonly inReplyTo?: string;
  readonly smtp?: string;
}

/** Sends one mail by SMTP. It returns when the listener has accepted it: then it is in the log. */
export async function sendEmail(context: CliContext, options: SendEmailOptions): Promise<void> {
  const address = options.smtp ?? `localhost:${context.environment['SMTP_PORT'] || 2525}`;
  const { host, port } = hostAndPort(address);
  const attachments = (options.attach ?? []).map((name) => ({
    path: resolve(context.workingDirectory, name),
    filename: basename(name),
  }));
  for (const { path } of attachments) {
    await access(path).catch((error: Error) => {
      throw usageFailure(`--attach: ${error.message}`);
    });
  }
  const text = options.text === '-' ? await context.readStdin() : options.text;
  const transport = createTransport({
    host,
    port,
    // The listener on one's own machine: its certificate, if any, is nobody's business.
    ignoreTLS: true,
    connectionTimeout: options.timeout,
    greetingTimeout: options.timeout,
    socketTimeout: options.timeout,
  });
  try {
    const { from, to, subject, inReplyTo } = options;
    const threading = inReplyTo === undefined ? {} : { inReplyTo, references: inReplyTo };
    const sent = await transport.sendMail({ from, to, subject, text, attachments, ...threading });
    if (options.json)
      printJson(context, { messageId: sent.messageId, accepted: sent.accepted, response: sent.response });
    else context.stdout.write(`${plainLine(`Sent ${sent.messageId} to ${address}: ${sent.response}`)}\n`);
  } catch (error) {
    throw smtpFailure(error as NodeJS.ErrnoException & { response?: string }, address);
  } finally {
    transport.close();
  }
}

function hostAndPort(address: string): { host: string; port: number } {
  const [, host, port] = /^(.+):(\d+)$/.exec(address) ?? [];
  if (host === undefined || port === undefined) throw usageFailure(`--smtp: '${address}' is not host:port`);
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

function smtpFailure(error: NodeJS.ErrnoException & { response?: string }, address: string): CommandFailure {
  if (error.response !== undefined) {
    return new CommandFailure(exitCodes.refused, 'SMTP_REFUSED', `${address} refused the mail: ${error.response}`, {
      cause: error,
    });
  }
  return unavailableFailure(
    `No mail server answers at ${address}: ${error.message}. Is Tributary running? (npm start)`,
    error,
  );
}
