import { type CustomerActions, CustomerMistake, textIn } from '../customer-face.ts';
import { type CustomerFile, filesIn } from '../customer-files.ts';
import type { TelegramSimulator } from './index.ts';
import type { TelegramUser } from './state.ts';

/** What the command line and the start page do as a customer. `from` is a user id. */
export function telegramCustomer(
  telegram: Pick<TelegramSimulator, 'write' | 'press' | 'keep' | 'received'>,
): CustomerActions {
  return {
    'POST message'(input) {
      const from = personIn(input);
      const files = filesIn(input);
      const text = files.length > 0 && input['text'] === undefined ? '' : textIn(input, 'text');
      if (files.length === 0) return { id: String(telegram.write(from, { text }).message_id) };
      const sent = files.map((file, index) =>
        telegram.write(from, { ...contentOf(telegram, file), ...(index === 0 && { caption: text }) }),
      );
      return { id: String(sent[0]?.message_id) };
    },
    'POST press': (input) => ({ id: telegram.press(personIn(input), textIn(input, 'data')) }),
    'GET answers': (input) =>
      telegram.received(idIn(input, 'customer')).map(({ messageId, text, file }) => ({
        id: String(messageId),
        text,
        files: file === undefined ? [] : [{ mediaType: file.mediaType, size: file.bytes.length }],
      })),
  };
}

function personIn(input: Readonly<Record<string, unknown>>): TelegramUser {
  const name = typeof input['name'] === 'string' && input['name'] !== '' ? input['name'] : 'Mei';
  return { id: idIn(input, 'from'), first_name: name };
}

function idIn(input: Readonly<Record<string, unknown>>, field: string): number {
  const id = textIn(input, field);
  if (!/^\d{1,15}$/.test(id)) throw new CustomerMistake(`${field} must be a number, as Telegram's user ids are`);
  return Number(id);
}

/** As the app sends files of this kind. */
function contentOf(telegram: Pick<TelegramSimulator, 'keep'>, { name, mediaType, bytes }: CustomerFile) {
  const kept = telegram.keep(bytes, name || 'file');
  if (/^image\/(jpeg|png|webp)$/.test(mediaType)) return { photo: [{ ...kept, width: 1280, height: 960 }] };
  const named = { ...kept, file_name: name, mime_type: mediaType };
  if (mediaType === 'audio/ogg') return { voice: named };
  if (mediaType.startsWith('audio/')) return { audio: named };
  return mediaType.startsWith('video/') ? { video: named } : { document: named };
}
