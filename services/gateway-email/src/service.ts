import { createHmac, randomBytes } from 'node:crypto';
import type { BlobStore } from '@tributary/blobstore';
import { applyMigrations, type DocStore, type Document, DuplicateKeyError } from '@tributary/docstore';
import type { EventLog } from '@tributary/eventlog';
import {
  type Channel,
  capabilities,
  createGateway,
  type Inbox,
  PermanentSendError,
  type SentMessages,
} from '@tributary/gateway-kit';
import { type Clock, composeServices, type Logger, type Service } from '@tributary/runtime';
import { createFolderOutbox } from './adapters/folder-outbox.ts';
import { createMailparserParser } from './adapters/mailparser-parser.ts';
import { createSmtpTransport, type MailTransport } from './adapters/nodemailer-smtp.ts';
import type { EmailConfig } from './config.ts';
import type { KeyedHash } from './domain/reply-token.ts';
import { openImapMailbox } from './entrypoints/imap-mailbox.ts';
import { createSmtpListener } from './entrypoints/smtp-listener.ts';
import type { ParseMail } from './ports.ts';
import { createMailAcceptance } from './usecases/accept-mail.ts';
import { createMailSending } from './usecases/send-mail.ts';

export {
  type EmailAccount,
  type EmailConfig,
  type ImapSettings,
  readEmailConfig,
  type SmtpSettings,
} from './config.ts';

export interface EmailGatewayDependencies {
  readonly config: EmailConfig;
  readonly eventLog: EventLog;
  readonly docStore: DocStore;
  readonly blobStore: BlobStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** mailparser unless given. */
  readonly parse?: ParseMail;
}

export interface EmailGateway extends Required<Service> {
  /** Where the SMTP listener listens; 0 when there is none or it is not started. */
  readonly smtpPort: number;
}

/** The email channel with everything around it. */
export async function createEmailGateway(dependencies: EmailGatewayDependencies): Promise<EmailGateway> {
  const { docStore, clock, logger } = dependencies;
  await applyMigrations(docStore, { service: 'gateway-email', migrations: [], clock, logger });
  const channel = await createEmailChannel(dependencies);
  const gateway = await createGateway(channel, { ...dependencies, publicUrl: '' });
  return {
    start: () => gateway.start(),
    async stop() {
      await gateway.stop();
      channel.closeTransports();
    },
    problems: () => gateway.problems(),
    providerProblems: () => gateway.providerProblems(),
    get smtpPort() {
      return channel.smtpPort;
    },
  };
}

export interface EmailChannel extends Channel {
  /** As of `EmailGateway`. */
  readonly smtpPort: number;
  /** Ends the connections to mail servers. Call it after the last send. */
  closeTransports(): void;
}

/** Email in by IMAP and SMTP, out by SMTP or into a folder. */
export async function createEmailChannel(
  dependencies: Omit<EmailGatewayDependencies, 'eventLog'>,
): Promise<EmailChannel> {
  const { config, docStore, blobStore, clock, logger } = dependencies;
  const key = config.tokenKey ?? (await keptTokenKey(docStore));
  const hash: KeyedHash = (text) => createHmac('sha256', key).update(text).digest();

  const transports = new Map<string, MailTransport>();
  const shared =
    config.out.kind === 'folder'
      ? createFolderOutbox(config.out.folder)
      : createSmtpTransport(config.out, config.sendConcurrency);
  for (const { address, smtp } of config.accounts) {
    transports.set(address, smtp === undefined ? shared : createSmtpTransport(smtp, config.sendConcurrency));
  }
  const send = createMailSending({
    accounts: new Map(config.accounts.map((account) => [account.address, account])),
    blobStore,
    hash,
    async deliver(account, mail) {
      const transport = transports.get(account);
      if (transport === undefined) throw new PermanentSendError(`there is no email account ${account}`);
      await transport.deliver(mail);
    },
  });
  const accountOf = new Map(
    config.accounts.flatMap(({ address, aliases }) => [address, ...aliases].map((each) => [each, address] as const)),
  );
  const regions = new Map(config.accounts.map(({ address, region }) => [address, region]));
  let listener: ReturnType<typeof createSmtpListener> | undefined;
  const receive = async (inbox: Inbox, sent: SentMessages): Promise<Service> => {
    const acceptance = createMailAcceptance({
      inbox,
      sent,
      blobStore,
      parse: dependencies.parse ?? createMailparserParser(blobStore, config.limits, clock),
      clock,
      logger,
      limits: config.limits,
      hash,
      ourAddresses: [...accountOf.keys()],
      trustedServers: config.trustedServers,
      regionOf: (account) => regions.get(account) ?? '',
    });
    if (config.smtpListener !== undefined) {
      listener = createSmtpListener({
        ...config.smtpListener,
        accountOf,
        trustedRelays: config.trustedRelays,
        admit: (bytes) => inbox.admit(bytes),
        acceptance,
        blobStore,
        limits: config.limits,
        acceptTimeoutMs: config.acceptTimeoutMs,
        clock,
        logger,
      });
    }
    const mailboxes = await Promise.all(
      config.accounts.flatMap(({ address, imap }) =>
        imap === undefined
          ? []
          : [openImapMailbox({ account: address, imap, acceptance, docStore, clock, logger, config })],
      ),
    );
    return composeServices([...mailboxes, ...(listener === undefined ? [] : [listener])]);
  };
  return {
    name: 'email',
    capabilities: capabilities({ media: [{ mediaType: '*/*', maxBytes: BigInt(config.limits.maxAttachmentBytes) }] }),
    send,
    concurrencyPerAccount: config.sendConcurrency,
    connect: receive,
    closeTransports() {
      for (const transport of new Set([...transports.values(), shared])) transport.close();
    },
    get smtpPort() {
      return listener?.port ?? 0;
    },
  };
}

interface Secret extends Document {
  readonly value: string;
}

/** The key for reply tokens, made at the first start. Two processes that start at once agree on one. */
async function keptTokenKey(docStore: DocStore): Promise<string> {
  const secrets = await docStore.collection<Secret>('email_secrets');
  const kept = await secrets.findOne({ _id: 'reply-token-key' });
  if (kept !== undefined) return kept.value;
  try {
    await secrets.insertOne({ _id: 'reply-token-key', value: randomBytes(32).toString('base64url') });
  } catch (error) {
    if (!(error instanceof DuplicateKeyError)) throw error;
  }
  return keptTokenKey(docStore);
}
