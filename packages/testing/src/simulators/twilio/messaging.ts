import type { Registry, SimulatedAccount } from './accounts.ts';
import { ApiError, type ApiRoute, type ControlRoute } from './api-server.ts';
import {
  type DeliveredMessage,
  type Message,
  type MessageStatus,
  page,
  prefix,
  resource,
  type SimulatedFile,
} from './messages.ts';
import { newSid } from './sid.ts';
import { callWebhook, type WebhookOutcome } from './webhook-calls.ts';

/** What a customer writes to one of our numbers. */
export interface CustomerText {
  /** The customer's number. */
  readonly from: string;
  readonly to: string;
  readonly text?: string;
  readonly files?: readonly SimulatedFile[];
  /** Their name on WhatsApp. */
  readonly name?: string;
  /** More parameters of the webhook, or others: `Latitude`, `OriginalRepliedMessageSid`, `MessageSid`. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Words by which a customer opts out, and in again (https://www.twilio.com/docs/messaging/guides/stop-keywords). */
const stopWords = ['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT'];
const startWords = ['START', 'YES', 'UNSTOP'];
const sessionMs = 24 * 60 * 60_000;
const maxBodyLength = 1600;

/** Messages at Twilio: those that customers write and those that are written to them. */
export class Messaging {
  readonly #registry: Registry;
  readonly #now: () => number;
  readonly #messages = new Map<string, Message>();
  readonly #optedOut = new Set<string>();
  readonly #sessions = new Map<string, number>();
  readonly #unreachable = new Map<string, number>();
  readonly #reports = new Set<Promise<unknown>>();
  #url = '';

  constructor(registry: Registry, now: () => number) {
    this.#registry = registry;
    this.#now = now;
  }

  /** Where the API turned out to be. */
  at(url: string): void {
    this.#url = url;
  }

  /** A customer writes. Resolves with what our webhook answered; undefined when it gave no answer or none is configured. */
  async write(medium: 'sms' | 'whatsapp', customer: CustomerText): Promise<WebhookOutcome | undefined> {
    const { account, number } = this.#registry.owner(customer.to);
    const parameters = this.receive(medium, customer);
    const address = medium === 'sms' ? number.smsUrl : number.whatsappUrl;
    return address === undefined ? undefined : callWebhook(account, address, parameters);
  }

  /** The same up to the webhook, which is the caller's affair; its parameters. */
  receive(medium: 'sms' | 'whatsapp', customer: CustomerText): Record<string, string> {
    const { from, to, text = '', files = [], name, parameters } = customer;
    const { account } = this.#registry.owner(to);
    const sid = parameters?.['MessageSid'] ?? newSid(files.length > 0 ? 'MM' : 'SM');
    const media = files.map((file) => ({ sid: newSid('ME'), file }));
    const lane = `${medium} ${to} ${from}`;
    this.#sessions.set(lane, this.#now());
    const word = text.trim().toUpperCase();
    const optOut = stopWords.includes(word) ? 'STOP' : startWords.includes(word) ? 'START' : undefined;
    if (optOut === 'STOP') this.#optedOut.add(lane);
    if (optOut === 'START') this.#optedOut.delete(lane);
    this.#messages.set(sid, {
      ...{ sid, medium, from, to, text, files, media, accountSid: account.accountSid },
      ...{ direction: 'inbound', status: 'received', createdAtMs: this.#now(), statusCallback: '' },
    });
    const mark = medium === 'sms' ? '' : prefix;
    return {
      MessageSid: sid,
      SmsMessageSid: sid,
      SmsSid: sid,
      SmsStatus: 'received',
      From: mark + from,
      To: mark + to,
      Body: text,
      NumSegments: '1',
      NumMedia: String(files.length),
      ...Object.fromEntries(
        media.flatMap(({ sid: mediaSid, file }, index) => [
          [`MediaContentType${index}`, file.mediaType],
          [
            `MediaUrl${index}`,
            `${this.#url}/2010-04-01/Accounts/${account.accountSid}/Messages/${sid}/Media/${mediaSid}`,
          ],
        ]),
      ),
      ...(medium === 'whatsapp' && { ProfileName: name ?? 'Customer', WaId: from.replace('+', '') }),
      ...(optOut !== undefined && { OptOutType: optOut }),
      ...parameters,
    };
  }

  /** Messages to this number end as undelivered from now on, with this error (30003, …); without one they arrive again. */
  unreachable(customer: string, errorCode: number | undefined): void {
    if (errorCode === undefined) this.#unreachable.delete(customer);
    else this.#unreachable.set(customer, errorCode);
  }

  /** What was written to customers, oldest first. */
  sent(customer?: string): readonly DeliveredMessage[] {
    return [...this.#messages.values()].filter(
      ({ direction, to }) => direction === 'outbound-api' && (customer === undefined || to === customer),
    );
  }

  /** The customer opens the conversation: everything that arrived on WhatsApp is read. */
  async read(customer: string): Promise<void> {
    for (const message of this.#messages.values()) {
      if (message.to === customer && message.medium === 'whatsapp' && message.status === 'delivered') {
        await this.#report(message, 'read');
      }
    }
  }

  /** Resolves when every report that was begun has ended. */
  async settled(): Promise<void> {
    while (this.#reports.size > 0) await Promise.all(this.#reports);
  }

  readonly routes: readonly ApiRoute[] = [
    {
      method: 'POST',
      path: /\/2010-04-01\/Accounts\/(?<account>\w+)\/Messages\.json/,
      handle: async ({ form }, account) => {
        const message = await this.#create(form, account);
        const work = this.#deliver(message).finally(() => this.#reports.delete(work));
        this.#reports.add(work);
        return { status: 201, body: resource(message, 'queued') };
      },
    },
    {
      method: 'GET',
      path: /\/2010-04-01\/Accounts\/(?<account>\w+)\/Messages\.json/,
      handle: ({ query }, account) => {
        const sinceMs = Date.parse(query.get('DateSent>') ?? '') || 0;
        const found = [...this.#messages.values()].filter(
          ({ accountSid, medium, to, createdAtMs }) =>
            accountSid === account.accountSid &&
            (medium === 'sms' ? '' : prefix) + to === query.get('To') &&
            createdAtMs >= sinceMs,
        );
        return {
          body: page(
            'messages',
            found.reverse().map((message) => resource(message)),
          ),
        };
      },
    },
    {
      method: 'GET',
      path: /\/2010-04-01\/Accounts\/(?<account>\w+)\/Messages\/(?<message>\w+)\/Media\.json/,
      handle: ({ path }, account) => {
        const { sid, media } = this.#find(path['message'], account);
        const list = media.map(({ sid: mediaSid, file }) => ({
          ...{ sid: mediaSid, parent_sid: sid, account_sid: account.accountSid, content_type: file.mediaType },
          uri: `/2010-04-01/Accounts/${account.accountSid}/Messages/${sid}/Media/${mediaSid}.json`,
        }));
        return { body: page('media_list', list) };
      },
    },
    {
      method: 'GET',
      path: /\/2010-04-01\/Accounts\/(?<account>\w+)\/Messages\/(?<message>\w+)\.json/,
      handle: ({ path }, account) => ({ body: resource(this.#find(path['message'], account)) }),
    },
    {
      method: 'GET',
      path: /\/2010-04-01\/Accounts\/(?<account>\w+)\/Messages\/(?<message>\w+)\/Media\/(?<media>\w+)/,
      handle: ({ path }, account) => {
        const found = this.#find(path['message'], account).media.find(({ sid }) => sid === path['media']);
        if (found === undefined) throw notFound(`Media ${path['media']}`);
        return { headers: { 'content-type': found.file.mediaType }, body: found.file.bytes };
      },
    },
  ];

  /** For the command line and the start page: POST writes as a customer, GET shows their telephone. */
  readonly control: readonly ControlRoute[] = [
    {
      method: 'POST',
      path: /\/simulator\/(?<medium>sms|whatsapp)/,
      handle: async ({ path, body }) => {
        const { files = [], ...customer } = JSON.parse(body.toString('utf8')) as Omit<CustomerText, 'files'> & {
          readonly files?: readonly { readonly mediaType: string; readonly base64: string }[];
        };
        const outcome = await this.write(path['medium'] as 'sms' | 'whatsapp', {
          ...customer,
          files: files.map(({ mediaType, base64 }) => ({ mediaType, bytes: Buffer.from(base64, 'base64') })),
        });
        return { status: outcome === undefined ? 502 : 200, body: { webhook: outcome } };
      },
    },
    {
      method: 'GET',
      path: /\/simulator\/messages/,
      handle: ({ query }) => ({
        body: this.sent(query.get('customer') ?? undefined).map(({ files, sid, medium, from, to, text, status }) => ({
          ...{ sid, medium, from, to, text, status },
          files: files.map(({ mediaType, bytes }) => ({ mediaType, size: bytes.length })),
        })),
      }),
    },
  ];

  async #create(form: URLSearchParams, account: SimulatedAccount): Promise<Message> {
    const text = form.get('Body') ?? '';
    const [from = '', to = ''] = ['From', 'To'].map((name) => form.get(name) ?? '');
    const urls = form.getAll('MediaUrl');
    const medium = to.startsWith(prefix) ? 'whatsapp' : 'sms';
    const [ours, theirs] = [from.replace(prefix, ''), to.replace(prefix, '')];
    const lane = `${medium} ${ours} ${theirs}`;
    const owned = this.#registry.numbers.some(
      ({ number, accountSid }) => number === ours && accountSid === account.accountSid,
    );
    if (!owned)
      throw new ApiError(
        400,
        21606,
        `The 'From' phone number provided (${from}) is not a valid message-capable Twilio phone number for this destination/account`,
      );
    if (!/^\+[1-9]\d{6,14}$/.test(theirs))
      throw new ApiError(400, 21211, `The 'To' number ${to} is not a valid phone number.`);
    if (text === '' && urls.length === 0) throw new ApiError(400, 21602, 'Message body is required.');
    if (text.length > maxBodyLength)
      throw new ApiError(400, 21617, 'The concatenated message body exceeds the 1600 character limit.');
    if (this.#optedOut.has(lane)) throw new ApiError(400, 21610, 'Attempt to send to unsubscribed recipient');
    const lastMs = this.#sessions.get(lane) ?? 0;
    // A message out of WhatsApp's window is accepted and fails later.
    const late = medium === 'whatsapp' && this.#now() - lastMs > sessionMs;
    const errorCode = late ? 63016 : this.#unreachable.get(theirs);
    const files = await Promise.all(urls.map(fetchMedia));
    const message: Message = {
      ...{ sid: newSid(urls.length > 0 ? 'MM' : 'SM'), medium, from: ours, to: theirs, text, files, media: [] },
      ...{ accountSid: account.accountSid, direction: 'outbound-api', status: 'queued', createdAtMs: this.#now() },
      statusCallback: form.get('StatusCallback') ?? '',
      ...(errorCode !== undefined && { errorCode }),
    };
    this.#messages.set(message.sid, message);
    return message;
  }

  async #deliver(message: Message): Promise<void> {
    if (message.errorCode === 63016) return this.#report(message, 'failed');
    await this.#report(message, 'sent');
    await this.#report(message, message.errorCode === undefined ? 'delivered' : 'undelivered');
  }

  async #report(message: Message, status: MessageStatus): Promise<void> {
    message.status = status;
    const account = this.#registry.account(message.accountSid);
    if (message.statusCallback === '' || account === undefined) return;
    const mark = message.medium === 'sms' ? '' : prefix;
    await callWebhook(account, message.statusCallback, {
      MessageSid: message.sid,
      SmsSid: message.sid,
      MessageStatus: status,
      SmsStatus: status,
      From: mark + message.from,
      To: mark + message.to,
      ...(message.errorCode !== undefined && { ErrorCode: String(message.errorCode) }),
    });
  }

  #find(sid: string | undefined, { accountSid }: SimulatedAccount): Message {
    const message = this.#messages.get(sid ?? '');
    if (message === undefined || message.accountSid !== accountSid) throw notFound(`Messages/${sid}`);
    return message;
  }
}

/** As Twilio fetches what it is to send: it must be there, and say what it is. */
async function fetchMedia(url: string): Promise<SimulatedFile> {
  const response = await fetch(url).catch(() => undefined);
  if (response?.ok !== true) throw new ApiError(400, 21620, `Invalid media URL(s): ${url}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { mediaType: response.headers.get('content-type') ?? '', bytes, url };
}

function notFound(what: string): ApiError {
  return new ApiError(404, 20404, `The requested resource /${what} was not found`);
}
