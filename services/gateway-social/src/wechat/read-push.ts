import { Automatic, InboundMessage, inboundMessageId, MessageKind, Verification } from '@tributary/contracts';
import type { WechatAccount } from './account.ts';
import { field, type PushFields } from './push-xml.ts';

/** A file of a message, not fetched yet. */
export interface PushMedia {
  readonly mediaId: string;
  /** Empty: as the download says. */
  readonly mediaType: string;
}

export type ReadPush =
  | { readonly message: InboundMessage; readonly media?: PushMedia }
  /** The customer follows the account no more and cannot be written to. */
  | { readonly leftConversation: string };

/** Voice as WeChat names its format. */
const voiceTypes: Readonly<Record<string, string>> = { amr: 'audio/amr', speex: 'audio/speex', mp3: 'audio/mpeg' };

/**
 * What a push says to us ("Receiving standard messages", "Receiving event pushes",
 * developers.weixin.qq.com/doc/service/guide/product/message/). Undefined when it says nothing: an event of another kind.
 */
export function readPush(
  fields: PushFields,
  account: Pick<WechatAccount, 'name' | 'appId' | 'followEvents'>,
  receivedAtMs: number,
): ReadPush | undefined {
  const openId = field(fields, 'FromUserName');
  if (openId === '') return undefined;
  const conversationKey = conversationKeyOf(account.name, openId);
  const type = field(fields, 'MsgType');
  const event = type === 'event' ? field(fields, 'Event') : '';
  if (event === 'unsubscribe') return { leftConversation: conversationKey };
  const said = type === 'event' ? saidByEvent(fields, event, account.followEvents) : saidByMessage(fields, type);
  if (said === undefined) return undefined;

  const createdSeconds = field(fields, 'CreateTime');
  // Repeats are told by MsgId, those of events by sender and time (the same documents); two events may fall into one second.
  const providerId = field(fields, 'MsgId') || `${openId}:${createdSeconds}:${event}:${field(fields, 'EventKey')}`;
  const { media, ...content } = said;
  return {
    ...(media !== undefined && { media }),
    message: InboundMessage.fromPartial({
      id: inboundMessageId('wechat', account.appId, providerId),
      channel: 'wechat',
      account: account.name,
      providerMessageId: providerId,
      conversationKey,
      sender: { kind: 'wechat', address: openId, verification: Verification.VERIFICATION_CHANNEL },
      kind: MessageKind.MESSAGE_KIND_MESSAGE,
      automatic: Automatic.AUTOMATIC_NONE,
      receivedTime: new Date(receivedAtMs),
      ...(/^\d{1,11}$/.test(createdSeconds) && { providerTime: new Date(Number(createdSeconds) * 1000) }),
      ...content,
    }),
  };
}

function conversationKeyOf(account: string, openId: string): string {
  return `wechat:${account}:${openId}`;
}

/** @returns undefined when the key is not one of ours. */
export function peerOf(conversationKey: string): { readonly account: string; readonly openId: string } | undefined {
  const [, account, openId] = /^wechat:([^:]+):(.+)$/.exec(conversationKey) ?? [];
  return account === undefined || openId === undefined ? undefined : { account, openId };
}

interface Said {
  readonly text: string;
  readonly attributes?: Record<string, string>;
  readonly media?: PushMedia;
  readonly automatic?: Automatic;
}

function saidByMessage(fields: PushFields, type: string): Said | undefined {
  const mediaId = field(fields, 'MediaId');
  switch (type) {
    case 'text': {
      const menuId = field(fields, 'bizmsgmenuid');
      return { text: field(fields, 'Content'), ...(menuId !== '' && { attributes: { menu_choice: menuId } }) };
    }
    case 'image':
      return { text: '', media: { mediaId, mediaType: '' } };
    case 'voice': {
      const mediaType = voiceTypes[field(fields, 'Format').toLowerCase()] ?? '';
      const spoken = field(fields, 'Recognition');
      return {
        text: spoken,
        media: { mediaId, mediaType },
        ...(spoken !== '' && { attributes: { transcript: 'true' } }),
      };
    }
    case 'video':
    case 'shortvideo':
      return { text: '', media: { mediaId, mediaType: 'video/mp4' } };
    case 'location': {
      const [latitude, longitude, label] = ['Location_X', 'Location_Y', 'Label'].map((name) => field(fields, name));
      const map = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}`;
      return {
        text: label === '' ? map : `${label} (${map})`,
        attributes: { latitude: `${latitude}`, longitude: `${longitude}` },
      };
    }
    case 'link': {
      const url = field(fields, 'Url');
      const lines = [field(fields, 'Title'), field(fields, 'Description'), url].filter((line) => line !== '');
      return { text: lines.join('\n'), attributes: { url } };
    }
    default:
      return undefined;
  }
}

function saidByEvent(fields: PushFields, event: string, followEvents: WechatAccount['followEvents']): Said | undefined {
  const key = field(fields, 'EventKey');
  const attributes = { event, event_key: key };
  switch (event) {
    case 'CLICK':
      return { text: key, attributes };
    case 'scancode_push':
    case 'scancode_waitmsg': {
      const scanned = fields['ScanCodeInfo'];
      const result = typeof scanned === 'object' && scanned !== null ? field(scanned as PushFields, 'ScanResult') : '';
      return { text: result || key, attributes };
    }
    case 'subscribe':
    case 'SCAN': {
      if (followEvents === 'ignore') return undefined;
      // A code of ours has its scene in the key, with a prefix when it was also the way to the account.
      const scene = key.replace(/^qrscene_/, '');
      return {
        text: scene === '' ? `(${event})` : `(${event}) ${scene}`,
        attributes,
        automatic: Automatic.AUTOMATIC_GENERATED,
      };
    }
    default:
      // VIEW opens a page, pic_… and location_select are followed by the message itself, LOCATION comes by itself.
      return undefined;
  }
}
