import { type CustomerActions, CustomerMistake, textIn } from '../customer-face.ts';
import { type CustomerFile, filesIn } from '../customer-files.ts';
import type { WechatSimulator } from './index.ts';

/** What the command line and the start page do as a follower. `from` is an OpenID. */
export function wechatCustomer(
  wechat: Pick<WechatSimulator, 'push' | 'keep' | 'received' | 'nextMessageId'>,
): CustomerActions {
  async function write(from: string, content: Readonly<Record<string, string>>): Promise<string> {
    const id = wechat.nextMessageId();
    if (!(await wechat.push(from, { MsgId: id, ...content }))) {
      throw new CustomerMistake('the message was not taken, also at the third try');
    }
    return id;
  }
  return {
    async 'POST message'(input) {
      const from = textIn(input, 'from');
      const files = filesIn(input);
      const ids: string[] = [];
      if (files.length === 0 || input['text'] !== undefined) {
        ids.push(await write(from, { MsgType: 'text', Content: textIn(input, 'text') }));
      }
      for (const file of files) ids.push(await write(from, contentOf(wechat, file)));
      return { id: ids[0] };
    },
    async 'POST press'(input) {
      const from = textIn(input, 'from');
      return { id: await write(from, { MsgType: 'event', Event: 'CLICK', EventKey: textIn(input, 'data') }) };
    },
    'GET answers': (input) =>
      wechat.received(textIn(input, 'customer')).map(({ text, file }, index) => ({
        id: String(index + 1),
        text,
        files: file === undefined ? [] : [{ mediaType: file.mediaType, size: file.bytes.length }],
      })),
  };
}

/** As the app sends files of this kind; it has none for others. */
function contentOf(wechat: Pick<WechatSimulator, 'keep'>, { mediaType, bytes }: CustomerFile) {
  const kind = { image: 'image', audio: 'voice', video: 'video' }[mediaType.split('/')[0] ?? ''];
  if (kind === undefined) throw new CustomerMistake(`a customer of WeChat cannot send ${mediaType} to an account`);
  return { MsgType: kind, MediaId: wechat.keep({ type: kind, mediaType, bytes }) };
}
