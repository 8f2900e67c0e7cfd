import type { BlobStore } from '@tributary/blobstore';
import {
  Automatic,
  type ContactPoint,
  hashId,
  InboundMessage,
  inboundMessageId,
  MessageKind,
  Verification,
  Visibility,
} from '@tributary/contracts';
import { keepFile } from '@tributary/gateway-kit';
import type { TwilioAccount } from '../twilio/account.ts';
import type { Medium } from './medium.ts';

/** The parameters of https://www.twilio.com/docs/messaging/guides/webhook-request that name facts no field holds. */
const attributeOf: Readonly<Record<string, string>> = {
  OptOutType: 'opt_out_type',
  WaId: 'wa_id',
  FromCountry: 'from_country',
  FromState: 'from_state',
  FromCity: 'from_city',
  Latitude: 'latitude',
  Longitude: 'longitude',
  Address: 'address',
  Label: 'label',
  ButtonText: 'button_text',
  ButtonPayload: 'button_payload',
  Forwarded: 'forwarded',
  ReferralHeadline: 'referral_headline',
  ReferralSourceUrl: 'referral_source_url',
};

/** Longer than Twilio's 16 MB of WhatsApp; a video of the customer's is kept whole. */
const maxFileBytes = 32 * 1024 * 1024;
/** Twilio waits 15 s for our answer. */
const fetchTimeoutMs = 12_000;

/**
 * Turns Twilio's parameters into a message, with its files in the blob store.
 * @throws when a file cannot be had just now: Twilio is to come again.
 */
export async function toInboundMessage(
  form: Readonly<Record<string, string>>,
  medium: Medium,
  { accountSid, authToken, apiUrl, numbers }: TwilioAccount,
  { blobStore, nowMs }: { readonly blobStore: BlobStore; readonly nowMs: number },
): Promise<InboundMessage> {
  const sid = form['MessageSid'] ?? '';
  const account = numberIn(form['To'], medium);
  const sender = senderOf(form, medium);
  const files = await Promise.all(
    Array.from({ length: Math.min(20, Number(form['NumMedia'] ?? 0)) }, (_, index) =>
      keepFile(
        {
          url: form[`MediaUrl${index}`] ?? '',
          headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` },
          name: '',
          mediaType: form[`MediaContentType${index}`] ?? '',
        },
        {
          blobStore,
          // The API sends on to its content network (https://www.twilio.com/docs/messaging/api/media-resource).
          hosts: apiUrl === undefined ? ['*.twilio.com', '*.twiliocdn.com'] : [new URL(apiUrl).host],
          maxBytes: maxFileBytes,
          timeoutMs: fetchTimeoutMs,
        },
      ),
    ),
  );
  const repliedTo = form['OriginalRepliedMessageSid'];
  return InboundMessage.fromPartial({
    id: inboundMessageId(medium.channel, accountSid, sid),
    channel: medium.channel,
    account,
    providerMessageId: sid,
    conversationKey: `${medium.channel}:${hashId(account, sender.address)}`,
    sender,
    text: form['Body'] || placeIn(form),
    attachments: files.flatMap((file) => ('attachment' in file ? [file.attachment] : [])),
    refusals: files.flatMap((file) => ('refusal' in file ? [file.refusal] : [])),
    references: repliedTo ? [repliedTo] : [],
    kind: MessageKind.MESSAGE_KIND_MESSAGE,
    visibility: Visibility.VISIBILITY_PRIVATE,
    automatic: automaticOf(sender, numbers),
    regionHint: form['FromCountry'] ?? '',
    receivedTime: new Date(nowMs),
    attributes: Object.fromEntries(
      Object.entries(attributeOf).flatMap(([parameter, name]) => (form[parameter] ? [[name, form[parameter]]] : [])),
    ),
  });
}

/** A number without the medium's prefix, as in `InboundMessage.account`. */
export function numberIn(address: string | undefined, { prefix }: Medium): string {
  return (address ?? '').replace(prefix, '');
}

/** A person's number is the same person on either medium; WhatsApp may hide it behind an id of its own. */
function senderOf(form: Readonly<Record<string, string>>, medium: Medium): ContactPoint {
  const address = numberIn(form['From'], medium);
  return {
    kind: isNumber(address) ? 'phone' : medium.channel,
    address,
    displayName: form['ProfileName'] ?? '',
    verification: Verification.VERIFICATION_CHANNEL,
  };
}

/** Short codes and names (BANK) are machines: an acknowledgement would only start a conversation of two programs. */
function automaticOf({ kind, address }: ContactPoint, ours: TwilioAccount['numbers']): Automatic {
  if (ours.some(({ number }) => number === address)) return Automatic.AUTOMATIC_OWN;
  return kind === 'sms' ? Automatic.AUTOMATIC_GENERATED : Automatic.AUTOMATIC_NONE;
}

function isNumber(address: string): boolean {
  return /^\+[1-9]\d{6,14}$/.test(address);
}

/** A place that WhatsApp sends without words. */
function placeIn({ Latitude, Longitude, Label, Address }: Readonly<Record<string, string>>): string {
  if (!Latitude || !Longitude) return '';
  return [Label, Address, `geo:${Latitude},${Longitude}`].filter(Boolean).join('\n');
}
