import type { InboundMessage } from '@tributary/contracts';
import type { DocStore, Document } from '@tributary/docstore';
import { backOffMs, type Clock, delay, type Logger, type Service } from '@tributary/runtime';
import type { ImapFlow } from 'imapflow';
import type { EmailConfig, ImapSettings } from '../config.ts';
import type { MailAcceptance } from '../usecases/accept-mail.ts';

export interface ImapMailboxOptions {
  /** Our address. */
  readonly account: string;
  readonly imap: ImapSettings;
  readonly acceptance: MailAcceptance;
  readonly docStore: DocStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: Pick<EmailConfig, 'pollEveryMs' | 'idleForMs' | 'limits'>;
}

/** How far a mailbox has been read. Only a short cut: what makes a mail one message is its id. */
interface MailboxState extends Document {
  readonly uidValidity: string;
  /** All mails up to this UID are in the log. */
  readonly settledUid: number;
  /** Mails that were being read when this was written. Not empty at a start: the process died over them. */
  readonly inHand: readonly number[];
  /** How often it died over the first of them. */
  readonly deaths: number;
}

interface Normalised {
  readonly uid: number;
  readonly message: InboundMessage;
}

/** Set on a mail that is in the log. Servers without own keywords get \Seen. */
export const acceptedKeyword = '$TributaryAccepted';
const batchMails = 100;
const batchBytes = 16 * 1024 * 1024;
/** A mail over which the process died so often is no longer read, only kept. */
const maxDeaths = 3;

/**
 * Fetches the mail of one mailbox: told by IDLE, and by looking now and then. A mail is marked only after it is durable in
 * the log. Every connection is a new ImapFlow; a lost one is replaced after a back-off, for as long as it takes.
 */
export async function openImapMailbox(options: ImapMailboxOptions): Promise<Service> {
  const { account, imap, acceptance, clock, logger, config } = options;
  // Loaded only where there is a mailbox: with what it needs it takes a twentieth of a start.
  const imapflow = await import('imapflow');
  const states = await options.docStore.collection<MailboxState>('email_mailboxes');
  const stateId = `${imap.user}@${imap.host}:${imap.port}/${imap.mailbox}`;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let fault: string | undefined;
  let client: ImapFlow | undefined;
  let looked = false;

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        await watch(() => {
          failures = 0;
          fault = undefined;
        });
      } catch (error) {
        if (stopping.signal.aborted) return;
        fault = describe(error);
        logger.warn({ err: error, account }, 'the mailbox cannot be read just now');
        await delay(clock, backOffMs(failures++, { baseMs: 250, maxMs: 60_000 }), stopping.signal);
      }
    }
  }

  /** One connection's life. Rejects when it ends. */
  async function watch(works: () => void): Promise<void> {
    const connection = new imapflow.ImapFlow({
      host: imap.host,
      port: imap.port,
      secure: imap.secure,
      auth: { user: imap.user, pass: imap.password },
      logger: false,
      maxIdleTime: config.idleForMs,
      autoIdleDelay: 50,
      socketTimeout: config.idleForMs + 60_000,
      connectionTimeout: 20_000,
      // A server's lies about sizes shall not fill our memory.
      maxLiteralSize: config.limits.maxMailBytes + 1024 * 1024,
    });
    client = connection;
    const gone = new AbortController();
    let connectionError: Error | undefined;
    connection.on('error', (error: Error) => {
      connectionError = error;
      gone.abort();
    });
    connection.on('close', () => gone.abort());
    let news = true;
    let wakeUp = () => {};
    connection.on('exists', () => {
      news = true;
      wakeUp();
    });
    try {
      await connection.connect();
      // Not a lock: imapflow starts no IDLE while one is held, and nobody else uses this connection.
      await connection.mailboxOpen(imap.mailbox);
      let state = await currentState(connection);
      while (!stopping.signal.aborted) {
        news = false;
        state = await fetchAll(connection, state);
        works();
        if (news) continue;
        const pause = new AbortController();
        wakeUp = () => pause.abort();
        const ends = AbortSignal.any([pause.signal, gone.signal, stopping.signal]);
        await delay(clock, config.pollEveryMs, ends);
        if (gone.signal.aborted) throw connectionError ?? new Error('the connection was closed');
      }
      await connection.logout().catch(() => {});
    } finally {
      connection.close();
      client = undefined;
    }
  }

  /** The state kept for this mailbox, or a fresh one when the server numbers its mails anew. */
  async function currentState(connection: ImapFlow): Promise<MailboxState> {
    const uidValidity = String(connection.mailbox === false ? '' : connection.mailbox.uidValidity);
    const kept = await states.findOne({ _id: stateId });
    const afterStart = !looked;
    looked = true;
    if (kept?.uidValidity === uidValidity) {
      return afterStart && kept.inHand.length > 0 ? { ...kept, deaths: kept.deaths + 1 } : kept;
    }
    if (kept !== undefined)
      logger.warn({ account }, 'the mailbox numbers its mails anew; all unmarked ones are read again');
    return { _id: stateId, uidValidity, settledUid: 0, inHand: [], deaths: 0 };
  }

  async function save(state: MailboxState): Promise<MailboxState> {
    const { _id, ...fields } = state;
    await states.updateOne({ _id }, { $set: fields }, { upsert: true });
    return state;
  }

  /** Reads everything that is not marked yet. */
  async function fetchAll(connection: ImapFlow, begin: MailboxState): Promise<MailboxState> {
    const flags = connection.mailbox === false ? undefined : connection.mailbox.permanentFlags;
    const ownKeywords = flags === undefined || flags.has('\\*') || flags.has(acceptedKeyword);
    const unmarked = ownKeywords ? { unKeyword: acceptedKeyword } : { seen: false };
    let state = begin;
    const found =
      (await connection.search({ uid: `${state.settledUid + 1}:*`, ...unmarked }, { uid: true })) || undefined;
    if (found === undefined) throw new Error('the mailbox cannot be searched');
    // `n:*` always names the last mail, also when it is older than n.
    const uids = found.filter((uid) => uid > state.settledUid).sort((a, b) => a - b);
    const all = await batches(connection, uids, state);
    let coming: Promise<Normalised[]> | undefined;
    for (const [index, batch] of all.entries()) {
      if (stopping.signal.aborted) break;
      const unread = batch.length === 1 && state.deaths >= maxDeaths;
      // The next mails are fetched while these go into the log, unless one of them may be deadly.
      const following = state.deaths === 0 ? all[index + 1] : undefined;
      state = await save({ ...state, inHand: [...batch, ...(following ?? [])].map(({ uid }) => uid) });
      const mails = await (coming ?? fetchBatch(connection, batch, unread));
      coming = following && fetchBatch(connection, following, false);
      coming?.catch(() => {}); // Awaited in the next round, unless this one fails.
      await acceptance.accept(mails.map(({ message }) => message));
      const flag = ownKeywords ? acceptedKeyword : '\\Seen';
      await mark(
        connection,
        mails.map(({ uid }) => uid),
        flag,
      );
      const last = batch.at(-1)?.uid ?? state.settledUid;
      state = { ...state, settledUid: Math.max(state.settledUid, last), inHand: [], deaths: 0 };
    }
    return all.length === 0 ? state : save(state);
  }

  /** A number of mails that fit into memory together; one by one those over which the process died. */
  async function batches(connection: ImapFlow, uids: readonly number[], state: MailboxState) {
    const sized: { uid: number; size: number }[] = [];
    for (let start = 0; start < uids.length; start += 1000) {
      const range = uids.slice(start, start + 1000).join(',');
      for await (const { uid, size } of connection.fetch(range, { uid: true, size: true }, { uid: true })) {
        sized.push({ uid, size: size ?? 0 });
      }
    }
    sized.sort((a, b) => a.uid - b.uid);
    const suspects = new Set(state.deaths > 0 ? state.inHand : []);
    const result: { uid: number; size: number }[][] = [];
    let bytes = 0;
    for (const mail of sized) {
      const current = result.at(-1);
      const alone = suspects.has(mail.uid) || current?.some(({ uid }) => suspects.has(uid));
      bytes += mail.size;
      if (current === undefined || alone || current.length >= batchMails || bytes > batchBytes) {
        result.push([mail]);
        bytes = mail.size;
      } else current.push(mail);
    }
    return result;
  }

  /** Fetches mails and makes messages of them, while the rest still comes in. */
  async function fetchBatch(
    connection: ImapFlow,
    batch: readonly { uid: number; size: number }[],
    unread: boolean,
  ): Promise<Normalised[]> {
    const { maxMailBytes } = config.limits;
    const sizes = new Map(batch.map(({ uid, size }) => [uid, size]));
    const working: Promise<Normalised>[] = [];
    const range = batch.map(({ uid }) => uid).join(',');
    const query = { uid: true, source: { start: 0, maxLength: maxMailBytes } };
    for await (const { uid, source } of connection.fetch(range, query, { uid: true })) {
      if (source === undefined) continue;
      const size = sizes.get(uid) ?? 0;
      const arrival = { account, trusted: true, ...(size > maxMailBytes ? { cutFrom: size } : {}) };
      const normalised = unread
        ? acceptance.keepUnread({ bytes: source }, arrival, 'the process ended each time it was read')
        : acceptance.normalise({ bytes: source }, arrival);
      const work = normalised.then((message) => ({ uid, message }));
      work.catch(() => {}); // Awaited below, unless the connection is lost before.
      working.push(work);
    }
    return Promise.all(working);
  }

  /** imapflow answers false both when the connection is lost and when the server will not do it. */
  async function mark(connection: ImapFlow, uids: readonly number[], flag: string): Promise<void> {
    if (uids.length === 0 || (await connection.messageFlagsAdd(uids.join(','), [flag], { uid: true }))) return;
    if (!connection.usable) throw new Error('the connection was lost before mails could be marked');
    // A mailbox that may only be read. They are in the log, and `settledUid` keeps them from being fetched again.
    logger.warn({ account, mails: uids.length }, 'the server does not let mails be marked');
  }

  return {
    async start() {
      // A mail server that is away must not keep everything else from starting.
      running = run();
    },
    async stop() {
      stopping.abort();
      // What waits for the server ends; a batch in hand is finished by `run`.
      await Promise.race([running, delay(clock, 10_000)]);
      client?.close();
      await running;
    },
    problems: () => [],
    providerProblems: () => (fault === undefined ? [] : [`mailbox of ${account}: ${fault}`]),
  };
}

function describe(error: unknown): string {
  const { message, responseText } = error as { message: string; responseText?: string };
  return responseText ?? message;
}
