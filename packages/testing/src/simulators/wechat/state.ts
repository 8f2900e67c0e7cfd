/** An answer with an `errcode`. */
export class WechatFault extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** What the account sent and a customer sees. */
export interface SentToFollower {
  readonly openId: string;
  readonly msgtype: string;
  /** Of a text message. */
  readonly text: string;
  /** Of a picture, voice message or video. */
  readonly file?: StoredMedia;
}

export interface StoredMedia {
  readonly type: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

const windowMs = 48 * 3600_000;
const answersPerMessage = 5;
const tokenSeconds = 7200;
const maxTextBytes = 2047;

/** All that a WeChat with one Official Account knows. */
export class WechatState {
  readonly followers = new Map<string, { writtenAtMs: number; answersLeft: number }>();
  readonly media = new Map<string, StoredMedia>();
  readonly sent: SentToFollower[] = [];
  readonly typing: { readonly openId: string; readonly command: string }[] = [];
  /** Errors that the next calls answer with. */
  readonly faults: WechatFault[] = [];
  tokensIssued = 0;
  readonly #now: () => number;
  #token: { readonly value: string; readonly expiresAtMs: number } | undefined;
  #mediaId = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The customer did something that lets the account write to them. */
  hasWritten(openId: string): void {
    this.followers.set(openId, { writtenAtMs: this.#now(), answersLeft: answersPerMessage });
  }

  issueToken(force: boolean): { access_token: string; expires_in: number } {
    const leftMs = (this.#token?.expiresAtMs ?? 0) - this.#now();
    if (this.#token === undefined || leftMs < 300_000 || force) {
      this.tokensIssued += 1;
      this.#token = { value: `token-${this.tokensIssued}`, expiresAtMs: this.#now() + tokenSeconds * 1000 };
    }
    return { access_token: this.#token.value, expires_in: Math.floor((this.#token.expiresAtMs - this.#now()) / 1000) };
  }

  /** Somebody else made a new one, or it ran out. */
  dropToken(): void {
    this.#token = undefined;
  }

  check(token: string | null): void {
    if (token === null || token === '') throw new WechatFault(41001, 'access_token missing');
    if (token !== this.#token?.value)
      throw new WechatFault(40001, 'invalid credential, access_token is invalid or not latest');
    if (this.#token.expiresAtMs <= this.#now()) throw new WechatFault(42001, 'access_token expired');
    const fault = this.faults.shift();
    if (fault !== undefined) throw fault;
  }

  keep(media: StoredMedia): string {
    const id = `media-${++this.#mediaId}`;
    this.media.set(id, media);
    return id;
  }

  /** message/custom/send */
  receive(body: CustomMessage): void {
    const openId = body.touser;
    const follower = this.#mayBeWrittenTo(openId);
    const { msgtype } = body;
    const text = body.text?.content ?? '';
    if (Buffer.byteLength(text) > maxTextBytes) throw new WechatFault(45002, 'content size out of limit');
    const mediaId = (body.image ?? body.voice ?? body.video)?.media_id;
    const file = mediaId === undefined ? undefined : this.media.get(mediaId);
    if (msgtype !== 'text' && file === undefined) throw new WechatFault(40007, 'invalid media_id');
    follower.answersLeft -= 1;
    this.sent.push({ openId, msgtype, text, ...(file !== undefined && { file }) });
  }

  /** message/custom/typing */
  type({ touser, command }: { readonly touser: string; readonly command: string }): void {
    this.#mayBeWrittenTo(touser);
    this.typing.push({ openId: touser, command });
  }

  #mayBeWrittenTo(openId: string) {
    const follower = this.followers.get(openId);
    if (follower === undefined) throw new WechatFault(40003, 'invalid openid');
    if (this.#now() - follower.writtenAtMs > windowMs) {
      throw new WechatFault(45015, 'response out of time limit or subscription is canceled');
    }
    if (follower.answersLeft <= 0) throw new WechatFault(45047, 'out of response count limit');
    return follower;
  }
}

/** The body of message/custom/send. */
export interface CustomMessage {
  readonly touser: string;
  readonly msgtype: 'text' | 'image' | 'voice' | 'video';
  readonly text?: { readonly content?: string };
  readonly image?: { readonly media_id?: string };
  readonly voice?: { readonly media_id?: string };
  readonly video?: { readonly media_id?: string };
}
