import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { answerCustomer } from '../customer-face.ts';
import { wechatCustomer } from './customer.ts';
import { encryptPush, sign } from './push-crypt.ts';
import { type CustomMessage, type SentToFollower, type StoredMedia, WechatFault, WechatState } from './state.ts';

export { encryptPush, sign } from './push-crypt.ts';
export type { SentToFollower, StoredMedia } from './state.ts';

/** How it takes calls: properly; not at all (502); with 45011; or by doing as asked and never answering. */
export type WechatBehaviour = 'well' | 'down' | 'busy' | 'silent';

export interface WechatSimulatorOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly appId?: string;
  readonly appSecret?: string;
  readonly token?: string;
  readonly mode?: 'plain' | 'compatible' | 'safe';
  readonly encodingAesKey?: string;
  /** Where pushes go; may be set later. */
  readonly pushUrl?: string;
  /** Milliseconds. Default: the machine's clock. */
  readonly now?: () => number;
  /** How long a push may take before it is tried again. Default 5 s, as the real one. */
  readonly pushTimeoutMs?: number;
}

/** A push as it goes over the wire. */
export interface WechatPush {
  /** With a question mark before it. */
  readonly query: string;
  readonly body: string;
}

/** A WeChat with one Official Account: the API towards the account, its followers as functions and, below `/simulator/`, as JSON. */
export interface WechatSimulator extends AsyncDisposable {
  readonly url: string;
  readonly appId: string;
  readonly appSecret: string;
  readonly token: string;
  readonly mode: 'plain' | 'compatible' | 'safe';
  readonly encodingAesKey: string;
  /** Where pushes go. */
  pushUrl: string;
  /** Proves an address by `echostr`, as the page does when it is entered. @returns whether it was echoed. */
  proveUrl(): Promise<boolean>;
  /**
   * A follower writes or does something; `content` is the push's elements without sender and time, such as `{ MsgType: 'text', Content }`.
   * Tried three times. @returns whether it was taken.
   */
  push(openId: string, content: Readonly<Record<string, string>>): Promise<boolean>;
  /** The request of such a push, signed at `atMs`, without making it. */
  sealed(openId: string, content: Readonly<Record<string, string>>, atMs: number): WechatPush;
  /** Lets the account write to somebody, as a push does. */
  allow(openId: string): void;
  /** A new MsgId. */
  nextMessageId(): string;
  /** Keeps a file as followers' files are kept. @returns its MediaId. */
  keep(media: StoredMedia): string;
  /** Forgets a file, as after three days. */
  forget(mediaId: string): void;
  /** What the account sent, to one follower or to all, oldest first. */
  received(openId?: string): readonly SentToFollower[];
  readonly typing: readonly { readonly openId: string; readonly command: string }[];
  readonly tokensIssued: number;
  /** The account's token is no longer valid. */
  dropToken(): void;
  /** The next call with a token answers with this error. */
  failNext(code: number, message: string): void;
  /** How often a call below /cgi-bin/ came, whatever became of it. */
  calls(path: string): number;
  /** Of pushes that were made, also repeated ones. */
  readonly pushes: number;
  behave(behaviour: WechatBehaviour): void;
}

const pushTries = 3;

/** Starts it. It signs and encrypts its pushes, limits answers to five in 48 hours, and knows one valid token at a time. */
export async function startWechatSimulator(options: WechatSimulatorOptions = {}): Promise<WechatSimulator> {
  const {
    appId = 'wx0123456789abcdef',
    appSecret = 'simulated-secret-of-the-account',
    token = 'simulatedToken',
    mode = 'safe',
    encodingAesKey = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
    now = Date.now,
    pushTimeoutMs = 5000,
  } = options;
  const state = new WechatState(now);
  const counts = new Map<string, number>();
  let behaviour: WechatBehaviour = 'well';
  let pushUrl = options.pushUrl ?? '';
  let messageId = 23_000_000_000_000_000n + BigInt(Math.floor(Math.random() * 1e12));
  let pushes = 0;

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await answerCustomer(request, response, wechatCustomer(simulator))) return;
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const path = pathname.replace(/^\/cgi-bin\//, '');
    counts.set(path, (counts.get(path) ?? 0) + 1);
    const bytes = await buffer(request);
    const send = (body: object) =>
      response.writeHead(200, { 'content-type': 'application/json; encoding=utf-8' }).end(JSON.stringify(body));
    const isToken = path === 'stable_token';
    if (behaviour === 'down' && !isToken) return void response.writeHead(502).end('<html>Bad Gateway</html>');
    if (behaviour === 'busy' && !isToken) {
      return void send({ errcode: 45011, errmsg: 'api minute-quota reach limit, must slower, retry next minute' });
    }
    try {
      const result = await call(path, searchParams, request, bytes, response);
      if (behaviour === 'silent' && !isToken) return;
      if (result !== undefined) send(result);
    } catch (error) {
      if (!(error instanceof WechatFault)) throw error;
      send({ errcode: error.code, errmsg: `${error.message} rid: 6744f1a1-12345678-87654321` });
    }
  }

  /** @returns undefined when it has answered by itself. */
  async function call(
    path: string,
    query: URLSearchParams,
    { headers }: IncomingMessage,
    bytes: Buffer,
    response: ServerResponse,
  ): Promise<object | undefined> {
    if (path === 'stable_token') {
      const { appid, secret, force_refresh } = JSON.parse(bytes.toString()) as Record<string, unknown>;
      if (appid !== appId) throw new WechatFault(40013, 'invalid appid');
      if (secret !== appSecret) throw new WechatFault(40125, 'invalid appsecret');
      return state.issueToken(force_refresh === true);
    }
    if (path.startsWith('video/')) {
      response.writeHead(200, { 'content-type': 'video/mp4' }).end(state.media.get(path.slice(6))?.bytes);
      return undefined;
    }
    state.check(query.get('access_token'));
    switch (path) {
      case 'message/custom/send':
        state.receive(JSON.parse(bytes.toString()) as CustomMessage);
        return { errcode: 0, errmsg: 'ok' };
      case 'message/custom/typing':
        state.type(JSON.parse(bytes.toString()) as { touser: string; command: string });
        return { errcode: 0, errmsg: 'ok' };
      case 'media/upload': {
        const form = await new Response(new Uint8Array(bytes), {
          headers: { 'content-type': headers['content-type'] ?? '' },
        }).formData();
        const media = form.get('media');
        if (!(media instanceof File)) throw new WechatFault(41005, 'media data missing');
        const type = query.get('type') ?? '';
        const id = state.keep({ type, mediaType: media.type, bytes: Buffer.from(await media.arrayBuffer()) });
        return { type, media_id: id, created_at: Math.floor(now() / 1000) };
      }
      case 'media/get': {
        const mediaId = query.get('media_id') ?? '';
        const media = state.media.get(mediaId);
        if (media === undefined) throw new WechatFault(40007, 'invalid media_id');
        if (media.type === 'video') return { video_url: `${url}/cgi-bin/video/${mediaId}` };
        response.writeHead(200, { 'content-type': media.mediaType }).end(media.bytes);
        return undefined;
      }
      default:
        throw new WechatFault(40066, 'invalid url');
    }
  }

  function sealed(openId: string, content: Readonly<Record<string, string>>, atMs: number): WechatPush {
    const seconds = String(Math.floor(atMs / 1000));
    const nonce = randomBytes(5).toString('hex');
    const elements = { ToUserName: 'gh_0123456789ab', FromUserName: openId, CreateTime: seconds, ...content };
    const inner = xmlOf(elements);
    const query = new URLSearchParams({
      signature: sign(token, seconds, nonce),
      timestamp: seconds,
      nonce,
      openid: openId,
    });
    if (mode === 'plain') return { query: `?${query}`, body: `<xml>${inner}</xml>` };
    const encrypted = encryptPush(`<xml>${inner}</xml>`, encodingAesKey, appId, randomBytes(16));
    query.set('encrypt_type', 'aes');
    query.set('msg_signature', sign(token, seconds, nonce, encrypted));
    const visible = mode === 'compatible' ? inner : '<ToUserName><![CDATA[gh_0123456789ab]]></ToUserName>';
    return { query: `?${query}`, body: `<xml>${visible}<Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>` };
  }

  const simulator: WechatSimulator = {
    url,
    appId,
    appSecret,
    token,
    mode,
    encodingAesKey,
    get pushUrl() {
      return pushUrl;
    },
    set pushUrl(value) {
      pushUrl = value;
    },
    async proveUrl() {
      const timestamp = String(Math.floor(now() / 1000));
      const nonce = randomBytes(5).toString('hex');
      const echostr = randomBytes(8).readBigUInt64BE().toString();
      const signature = sign(token, timestamp, nonce);
      const response = await fetch(`${pushUrl}?${new URLSearchParams({ signature, timestamp, nonce, echostr })}`);
      return (await response.text()) === echostr && response.ok;
    },
    sealed,
    allow: (openId) => state.hasWritten(openId),
    nextMessageId: () => String(++messageId),
    async push(openId, content) {
      state.hasWritten(openId);
      for (let tries = 0; tries < pushTries; tries++) {
        const { query, body } = sealed(openId, content, now());
        pushes += 1;
        const taken = await fetch(pushUrl + query, {
          method: 'POST',
          headers: { 'content-type': 'text/xml' },
          body,
          signal: AbortSignal.timeout(pushTimeoutMs),
        }).then(
          async (response) => {
            const text = await response.text();
            return response.ok && (text === '' || text === 'success');
          },
          () => false,
        );
        if (taken) return true;
      }
      return false;
    },
    keep: (media) => state.keep(media),
    forget: (mediaId) => void state.media.delete(mediaId),
    received: (openId) => state.sent.filter((each) => openId === undefined || each.openId === openId),
    typing: state.typing,
    get tokensIssued() {
      return state.tokensIssued;
    },
    dropToken: () => state.dropToken(),
    failNext: (code, message) => void state.faults.push(new WechatFault(code, message)),
    calls: (path) => counts.get(path) ?? 0,
    get pushes() {
      return pushes;
    },
    behave(next) {
      behaviour = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return simulator;
}

/** Numbers stand bare, everything else as CDATA, as WeChat writes it. A value that begins with `<` is XML itself. */
function xmlOf(elements: Readonly<Record<string, string>>): string {
  return Object.entries(elements)
    .map(([name, value]) => {
      const bare = value.startsWith('<') || /^\d+$/.test(value);
      return `<${name}>${bare ? value : `<![CDATA[${value.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`}</${name}>`;
    })
    .join('');
}
