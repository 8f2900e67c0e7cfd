/** A file that a customer sends or has got. */
export interface SimulatedFile {
  readonly mediaType: string;
  /** Where Twilio fetched it, of a file that we sent. */
  readonly url?: string;
  readonly bytes: Uint8Array;
}

/** A message on a customer's telephone, or on its way there. */
export interface DeliveredMessage {
  readonly sid: string;
  readonly medium: 'sms' | 'whatsapp';
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly files: readonly SimulatedFile[];
  readonly status: MessageStatus;
  readonly errorCode?: number;
}

export type MessageStatus = 'queued' | 'sent' | 'delivered' | 'read' | 'undelivered' | 'failed' | 'received';

/** The same at Twilio, and what customers write. */
export interface Message extends DeliveredMessage {
  readonly accountSid: string;
  readonly direction: 'inbound' | 'outbound-api';
  readonly createdAtMs: number;
  readonly statusCallback: string;
  readonly media: readonly { readonly sid: string; readonly file: SimulatedFile }[];
  status: MessageStatus;
  errorCode?: number;
}

/** What Twilio writes before a number of WhatsApp. */
export const prefix = 'whatsapp:';

/** A list as Twilio answers it; here it always fits one page. */
export function page(name: string, items: readonly object[]): object {
  return { [name]: items, page: 0, page_size: items.length, start: 0, end: items.length - 1, next_page_uri: null };
}

/** The JSON of https://www.twilio.com/docs/messaging/api/message-resource. */
export function resource(message: Message, status: MessageStatus = message.status): object {
  const { sid, accountSid, medium, from, to, text, direction, createdAtMs, errorCode, files, media } = message;
  const mark = medium === 'sms' ? '' : prefix;
  const date = new Date(createdAtMs).toUTCString().replace('GMT', '+0000');
  const uri = `/2010-04-01/Accounts/${accountSid}/Messages/${sid}`;
  return {
    ...{ sid, account_sid: accountSid, messaging_service_sid: null, api_version: '2010-04-01', direction, status },
    ...{
      from: mark + from,
      to: mark + to,
      body: text,
      uri: `${uri}.json`,
      subresource_uris: { media: `${uri}/Media.json` },
    },
    ...{ date_created: date, date_updated: date, date_sent: date, price: null, price_unit: 'USD' },
    ...{ num_segments: '1', num_media: String(Math.max(files.length, media.length)) },
    ...{ error_code: status === 'queued' ? null : (errorCode ?? null), error_message: null },
  };
}
