import { BlobTooLargeError } from '@tributary/blobstore';
import { type Attachment, InboundMessage } from '@tributary/contracts';
import { type Collection, createDueWorker, type Document, type DocumentValue } from '@tributary/docstore';
import { type ChannelDependencies, type Inbox, type KeptFile, keepFile } from '@tributary/gateway-kit';
import type { Service } from '@tributary/runtime';
import type { WechatApi } from './api.ts';
import { WechatError } from './failures.ts';
import type { PushMedia } from './read-push.ts';

/** A message whose file is still being fetched. */
interface WaitingRow extends Document {
  readonly account: string;
  readonly message: DocumentValue;
  readonly mediaId: string;
  readonly mediaType: string;
  readonly dueAtMs: number;
  readonly giveUpAtMs: number;
}

/** WeChat gives customers' files up to here, some more than it takes from us. */
const maxBytes = 25 * 1024 * 1024;
/** WeChat hangs up after 5 s and comes three times in all, then the message is lost: a slow download must not decide that. */
const quickMs = 3000;
const patientMs = 60_000;
const retryMs = 10_000;
const giveUpAfterMs = 60 * 60_000;
/** Where videos are. */
const videoHosts = ['*.qq.com', '*.qpic.cn', '*.weixin.qq.com'];

export interface MediaIntake {
  /** Puts a message with its file into the log; or, when the file takes too long, notes both durably and does it later. */
  take(inbox: Inbox, account: string, message: InboundMessage, media: PushMedia): Promise<void>;
  /** Fetches what is waiting. */
  connect(inbox: Inbox): Service;
}

/** @param apis By account. */
export async function openMediaIntake(
  apis: ReadonlyMap<string, { readonly api: WechatApi; readonly apiUrl: string }>,
  { blobStore, docStore, clock, logger }: ChannelDependencies,
): Promise<MediaIntake> {
  const rows: Collection<WaitingRow> = await docStore.collection('wechat_media', [{ keys: { dueAtMs: 1 } }]);
  let inboxOf: Inbox | undefined;

  /** @throws when trying again may help. */
  async function fetchFile(account: string, { mediaId, mediaType }: PushMedia, timeoutMs: number): Promise<KeptFile> {
    const known = apis.get(account);
    const refuse = (reason: string): KeptFile => ({ refusal: { what: mediaType || 'a file', reason } });
    if (known === undefined) return refuse(`there is no account ${account} any more`);
    try {
      const download = await known.api.download(mediaId, AbortSignal.timeout(timeoutMs));
      if ('url' in download) {
        const hosts = [...videoHosts, new URL(known.apiUrl).host];
        return await keepFile({ url: download.url, name: '', mediaType }, { blobStore, hosts, maxBytes, timeoutMs });
      }
      const { key, size, sha256 } = await blobStore.put(download.content, { maxBytes });
      const blob = { key, size: BigInt(size), sha256, mediaType: mediaType || download.mediaType };
      const attachment: Attachment = { blob, name: '', contentId: '' };
      return { attachment };
    } catch (error) {
      if (error instanceof BlobTooLargeError) return refuse(`larger than ${maxBytes} bytes`);
      // "invalid media_id": kept for three days only.
      if (error instanceof WechatError && error.code === 40007) return refuse('WeChat does not have it any more');
      throw error;
    }
  }

  const withFile = (message: InboundMessage, kept: KeptFile): InboundMessage =>
    'attachment' in kept
      ? { ...message, attachments: [kept.attachment] }
      : { ...message, refusals: [...message.refusals, kept.refusal] };

  const worker = createDueWorker<WaitingRow>({
    collection: rows,
    clock,
    leaseMs: patientMs + 30_000,
    logger,
    async handle(row) {
      const media = { mediaId: row.mediaId, mediaType: row.mediaType };
      let kept: KeptFile;
      try {
        kept = await fetchFile(row.account, media, patientMs);
      } catch (error) {
        const reason = (error as Error).message;
        if (clock.now() < row.giveUpAtMs) {
          logger.info({ account: row.account, err: error }, 'a file is not there yet');
          await rows.updateOne({ _id: row._id }, { $set: { dueAtMs: clock.now() + retryMs } });
          return;
        }
        kept = { refusal: { what: row.mediaType || 'a file', reason: `WeChat does not give it: ${reason}` } };
      }
      await inboxOf?.accept(withFile(InboundMessage.fromJSON(row.message), kept));
      await rows.deleteOne({ _id: row._id });
    },
  });

  return {
    async take(inbox, account, message, media) {
      let kept: KeptFile;
      try {
        kept = await fetchFile(account, media, quickMs);
      } catch (error) {
        logger.info({ account, err: error }, 'a file is fetched later');
        const row = {
          account,
          message: InboundMessage.toJSON(message) as DocumentValue,
          mediaId: media.mediaId,
          mediaType: media.mediaType,
          dueAtMs: clock.now() + retryMs,
          giveUpAtMs: clock.now() + giveUpAfterMs,
        };
        // WeChat's repeat of the same message changes nothing.
        await rows.bulkWrite([{ insertOne: { document: { _id: message.id, ...row } } }]);
        worker.nudge(row.dueAtMs);
        return;
      }
      await inbox.accept(withFile(message, kept));
    },
    connect(inbox) {
      inboxOf = inbox;
      return worker;
    },
  };
}
