import type { DocStore } from '@tributary/docstore';
import type { Clock } from '@tributary/runtime';
import { type IssuedToken, openAccessTokens } from './access-tokens.ts';
import type { WechatAccount } from './account.ts';
import { HttpStatusError, tokenCodes, WechatError } from './failures.ts';

interface ApiAnswer {
  readonly errcode?: number;
  readonly errmsg?: string;
  readonly [field: string]: unknown;
}

/** A downloaded file, or where one is. */
export type Download =
  | { readonly content: ReadableStream<Uint8Array>; readonly mediaType: string }
  | { readonly url: string };

/** WeChat's API for one account. A refused token is refreshed and the call made once more: it had not been carried out. */
export interface WechatApi {
  /** @throws WechatError, or what the network says. */
  post(path: string, body: object): Promise<ApiAnswer>;
  /** @returns the media id, good for three days. */
  upload(type: 'image' | 'voice' | 'video', file: File): Promise<string>;
  download(mediaId: string, signal: AbortSignal): Promise<Download>;
}

const timeoutMs = 20_000;

export async function openWechatApi(
  { appId, appSecret, apiUrl }: WechatAccount,
  { docStore, clock }: { readonly docStore: DocStore; readonly clock: Clock },
): Promise<WechatApi> {
  const tokens = await openAccessTokens(docStore, appId, clock, issueToken);

  /** developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken */
  async function issueToken(force: boolean): Promise<IssuedToken> {
    const response = await fetch(`${apiUrl}/cgi-bin/stable_token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ grant_type: 'client_credential', appid: appId, secret: appSecret, force_refresh: force }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { access_token, expires_in } = await answerOf(response);
    return { token: String(access_token), expiresInSeconds: Number(expires_in) };
  }

  async function withToken<T>(call: (token: string) => Promise<T>): Promise<T> {
    const token = await beforeSending(tokens.get());
    try {
      return await call(token);
    } catch (error) {
      if (!(error instanceof WechatError && tokenCodes.has(error.code))) throw error;
      return call(await beforeSending(tokens.get(token)));
    }
  }

  const address = (path: string, query: Readonly<Record<string, string>>) =>
    `${apiUrl}/cgi-bin/${path}?${new URLSearchParams(query)}`;

  return {
    post: (path, body) =>
      withToken(async (access_token) =>
        answerOf(
          await fetch(address(path, { access_token }), {
            method: 'POST',
            headers: { 'content-type': 'application/json; charset=utf-8' },
            body: JSON.stringify(body),
            signal: AbortSignal.timeout(timeoutMs),
          }),
        ),
      ),

    async upload(type, file) {
      const answer = await withToken(async (access_token) => {
        const form = new FormData();
        form.set('media', file);
        return answerOf(
          await fetch(address('media/upload', { access_token, type }), {
            method: 'POST',
            body: form,
            signal: AbortSignal.timeout(3 * timeoutMs),
          }),
        );
      });
      return String(answer['media_id']);
    },

    download: (mediaId, signal) =>
      withToken(async (access_token): Promise<Download> => {
        const response = await fetch(address('media/get', { access_token, media_id: mediaId }), { signal });
        const mediaType = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
        // An error, or a video's address, comes as JSON, which WeChat also calls text.
        if (!response.ok || mediaType === 'application/json' || mediaType === 'text/plain') {
          return { url: String((await answerOf(response))['video_url']) };
        }
        return { content: response.body ?? new ReadableStream(), mediaType };
      }),
  };
}

/** @throws WechatError when the answer says that it was not done. */
async function answerOf(response: Response): Promise<ApiAnswer> {
  const text = await response.text();
  if (response.status >= 500) throw new HttpStatusError(`WeChat answered ${response.status}`);
  let answer: ApiAnswer;
  try {
    answer = JSON.parse(text) as ApiAnswer;
  } catch {
    throw new Error(`WeChat answered ${response.status} with something that is not JSON`);
  }
  if ((answer.errcode ?? 0) !== 0) throw new WechatError(Number(answer.errcode), answer.errmsg ?? '');
  return answer;
}

/** Whatever goes wrong with the token, the message itself was not sent. */
async function beforeSending<T>(token: Promise<T>): Promise<T> {
  try {
    return await token;
  } catch (error) {
    if (error instanceof WechatError) throw error;
    throw new HttpStatusError(`no access token: ${(error as Error).message}`, { cause: error });
  }
}
