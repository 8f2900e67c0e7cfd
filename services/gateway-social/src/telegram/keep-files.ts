import type { Attachment, Refusal } from '@tributary/contracts';
import { type ChannelDependencies, keepFile } from '@tributary/gateway-kit';
import type { Api } from 'node-telegram-bot-api';
import type { TelegramAccount } from './account.ts';
import type { MessageFile } from './read-update.ts';

/** The most that getFile gives (core.telegram.org/bots/api#getfile). */
const maxBytes = 20 * 1024 * 1024;
/** A file that cannot be had for so long is given up: an update that is not confirmed keeps all later ones back. */
const giveUpAfterMs = 2 * 60_000;

export interface KeptFiles {
  readonly attachments: Attachment[];
  readonly refusals: Refusal[];
}

/** Fetches the files of messages into the blob store. */
export function createFileKeeper(
  { token, apiUrl }: TelegramAccount,
  api: Api,
  { blobStore, clock }: Pick<ChannelDependencies, 'blobStore' | 'clock'>,
) {
  const failingSinceMs = new Map<string, number>();

  async function keep(file: MessageFile): Promise<KeptFiles> {
    const refused = (reason: string): KeptFiles => ({
      attachments: [],
      refusals: [{ what: file.name || file.mediaType, reason }],
    });
    if (file.size > maxBytes) return refused(`larger than ${maxBytes} bytes, the most that Telegram gives to bots`);
    const { file_path } = await api.getFile({ file_id: file.id });
    if (file_path === undefined) return refused('Telegram does not have it any more');
    const kept = await keepFile(
      { url: `${apiUrl}/file/bot${token}/${file_path}`, name: file.name, mediaType: file.mediaType },
      { blobStore, hosts: [new URL(apiUrl).host], maxBytes },
    );
    return 'attachment' in kept
      ? { attachments: [kept.attachment], refusals: [] }
      : { attachments: [], refusals: [kept.refusal] };
  }

  /** @throws when trying again may help; not for longer than two minutes. */
  return async (files: readonly MessageFile[]): Promise<KeptFiles> => {
    const kept: KeptFiles = { attachments: [], refusals: [] };
    for (const file of files) {
      const one = await keep(file).catch((error: Error & { errorCode?: number }): KeptFiles => {
        const sinceMs = failingSinceMs.get(file.uniqueId) ?? clock.now();
        failingSinceMs.set(file.uniqueId, sinceMs);
        const isRefusal = error.errorCode === 400;
        if (!isRefusal && clock.now() - sinceMs < giveUpAfterMs) throw error;
        return {
          attachments: [],
          refusals: [{ what: file.name || file.mediaType, reason: `Telegram does not give it: ${error.message}` }],
        };
      });
      failingSinceMs.delete(file.uniqueId);
      kept.attachments.push(...one.attachments);
      kept.refusals.push(...one.refusals);
    }
    return kept;
  };
}
