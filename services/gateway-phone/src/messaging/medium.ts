import { capabilities } from '@tributary/gateway-kit';

/** What tells text messages and WhatsApp apart; at Twilio both are messages. */
export interface Medium {
  readonly channel: 'sms' | 'whatsapp';
  /** What Twilio writes before a number. */
  readonly prefix: string;
  readonly capabilities: ReturnType<typeof capabilities>;
  /** What Twilio lets a number send when it says nothing else. */
  readonly messagesPerSecond: number;
}

const mebibyte = 1024n * 1024n;
const upTo = (mebibytes: bigint, ...mediaTypes: readonly string[]) =>
  mediaTypes.map((mediaType) => ({ mediaType, maxBytes: mebibytes * mebibyte }));

/**
 * 1600 characters: https://www.twilio.com/docs/messaging/api/message-resource ("Body"). Files go as MMS, 10 of them in 5 MB
 * together: https://www.twilio.com/docs/messaging/guides/accepted-mime-types. A long code sends 1 segment a second:
 * https://www.twilio.com/docs/messaging/guides/scaling-queueing-latency.
 */
export const sms: Medium = {
  channel: 'sms',
  prefix: '',
  capabilities: capabilities({
    maxTextLength: 1600,
    splitsText: true,
    media: upTo(5n, 'image/*', 'audio/*', 'video/*', 'application/pdf', 'text/vcard', 'text/csv', 'text/calendar'),
    maxAttachments: 10,
    deliveryMarks: true,
  }),
  messagesPerSecond: 1,
};

/**
 * One file a message, of these types: https://www.twilio.com/docs/whatsapp/guidance-whatsapp-media-messages. Free text only
 * within 24 hours of the customer's last message: https://www.twilio.com/docs/whatsapp/key-concepts. 80 messages a second a
 * sender: https://www.twilio.com/docs/whatsapp/api#rate-limiting-and-queueing. The longest text Twilio takes is 1600 of any
 * channel's, WhatsApp's own limit is 4096; the smaller one counts.
 */
export const whatsapp: Medium = {
  channel: 'whatsapp',
  prefix: 'whatsapp:',
  capabilities: capabilities({
    maxTextLength: 1600,
    splitsText: true,
    media: [
      ...upTo(5n, 'image/jpeg', 'image/png', 'image/webp'),
      ...upTo(16n, 'audio/ogg', 'audio/amr', 'audio/3gpp', 'audio/aac', 'audio/mpeg', 'video/mp4', 'text/vcard'),
      ...upTo(
        16n,
        'application/pdf',
        'application/msword',
        'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
        'application/vnd.openxmlformats-officedocument.presentationml.presentation',
        'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
      ),
    ],
    maxAttachments: 1,
    replyWindowSeconds: 24n * 60n * 60n,
    deliveryMarks: true,
    readMarks: true,
  }),
  messagesPerSecond: 80,
};
