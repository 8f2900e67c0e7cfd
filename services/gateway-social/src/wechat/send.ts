import { buffer } from 'node:stream/consumers';
import type { BlobStore } from '@tributary/blobstore';
import type { Attachment, MediaRule, OutboundMessage } from '@tributary/contracts';
import { PermanentSendError } from '@tributary/gateway-kit';
import type { SendStep } from '../send-steps.ts';
import type { WechatApi } from './api.ts';
import { sendFailure } from './failures.ts';
import { peerOf } from './read-push.ts';

/**
 * WeChat counts bytes and documents no number; texts of more than 2,047 bytes in UTF-8 were cut or refused (45002). A code unit of
 * UTF-16 takes 3 bytes at most, so 600 always fit.
 */
export const maxTextLength = 600;

const mebibyte = 1024n * 1024n;
/** developers.weixin.qq.com/doc/service/api/material/temporary/api_uploadtempmedia */
export const mediaRules: MediaRule[] = [
  { mediaType: 'image/jpeg', maxBytes: 10n * mebibyte },
  { mediaType: 'image/png', maxBytes: 10n * mebibyte },
  { mediaType: 'image/gif', maxBytes: 10n * mebibyte },
  { mediaType: 'audio/amr', maxBytes: 2n * mebibyte },
  { mediaType: 'audio/mpeg', maxBytes: 2n * mebibyte },
  { mediaType: 'video/mp4', maxBytes: 10n * mebibyte },
];

/** WeChat tells what a file is by its name. */
const extensions: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/gif': 'gif',
  'audio/amr': 'amr',
  'audio/mpeg': 'mp3',
  'video/mp4': 'mp4',
};
const typeOf = { image: 'image', audio: 'voice', video: 'video' } as const;

interface SenderOptions {
  readonly api: WechatApi;
  readonly blobStore: BlobStore;
  /** Runs the requests of one message. */
  readonly runSteps: (messageId: string, steps: readonly SendStep[]) => Promise<string>;
}

/**
 * Sends messages of one account by the customer-service messages
 * (developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage).
 */
export function createWechatSender({ api, blobStore, runSteps }: SenderOptions) {
  /** The call names no message, so ours stands in unless the answer has one. */
  async function custom(touser: string, messageId: string, content: { readonly msgtype: string }): Promise<string> {
    try {
      const { msgid } = await api.post('message/custom/send', { touser, ...content });
      return msgid === undefined ? messageId : String(msgid);
    } catch (error) {
      throw sendFailure(error);
    }
  }

  /** Uploading again harms nothing. */
  async function upload({ blob, name }: Attachment): Promise<{ msgtype: string; mediaId: string }> {
    const mediaType = blob?.mediaType ?? '';
    const extension = extensions[mediaType];
    if (extension === undefined) throw new PermanentSendError(`WeChat does not carry files of type ${mediaType}`);
    const content = await blobStore.get(blob?.key ?? '');
    if (content === undefined) throw new PermanentSendError(`the file ${name} is not there any more`);
    const type = typeOf[mediaType.split('/')[0] as keyof typeof typeOf];
    const file = new File([new Uint8Array(await buffer(content))], `file.${extension}`, { type: mediaType });
    try {
      return { msgtype: type, mediaId: await api.upload(type, file) };
    } catch (error) {
      const failure = sendFailure(error);
      // Nothing has been sent: in doubt is only the upload.
      throw failure.name === 'UncertainSendError' ? (error as Error) : failure;
    }
  }

  return async (message: OutboundMessage): Promise<string> => {
    const peer = peerOf(message.conversationKey);
    if (peer === undefined) throw new PermanentSendError(`${message.conversationKey} is no conversation of WeChat`);
    const { id, text, attachments } = message;
    const steps: SendStep[] = [];
    if (text !== '') steps.push(() => custom(peer.openId, id, { msgtype: 'text', ...{ text: { content: text } } }));
    for (const attachment of attachments) {
      steps.push(async () => {
        const { msgtype, mediaId } = await upload(attachment);
        const title = msgtype === 'video' && attachment.name !== '' ? { title: attachment.name } : {};
        return custom(peer.openId, id, { msgtype, ...{ [msgtype]: { media_id: mediaId, ...title } } });
      });
    }
    return runSteps(id, steps);
  };
}
