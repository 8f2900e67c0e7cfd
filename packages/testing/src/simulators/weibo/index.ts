import { createHash, randomInt } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type CustomerActions, textIn } from '../customer-face.ts';
import { type ApiState, createApiServer, type WeiboBehaviour } from './api-server.ts';
import { type Comment, type Post, type PrivateAnswer, type WeiboUser, WeiboWorld, weiboTime } from './world.ts';

export type { WeiboBehaviour } from './api-server.ts';
export type { Comment, Post, PrivateAnswer, WeiboUser } from './world.ts';

export interface WeiboSimulatorOptions {
  readonly port?: number;
  readonly account: string;
  /** Our user on Weibo. */
  readonly us: WeiboUser;
  readonly appSecret: string;
  readonly accessToken: string;
  /** Calls an hour. Default 150, which an application in test has. */
  readonly allowance?: number;
  /** Address of the gateway, without a slash at its end. */
  readonly gateway?: () => string;
  readonly now?: () => number;
}

export interface PrivateLine {
  readonly from: WeiboUser;
  readonly text: string;
  /** A picture instead of a text. */
  readonly picture?: Picture;
}

export interface Picture {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface PushRequest {
  readonly method: 'POST' | 'GET';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface WeiboSimulator extends AsyncDisposable {
  /** Base of all its APIs. */
  readonly url: string;
  /** Somebody posts; it reaches us when the text names us with an @. */
  post(user: WeiboUser, text: string, pictures?: readonly Picture[]): Post;
  /** We post, so that others may comment. */
  postOurs(text: string): Post;
  /** Somebody comments, under a post or in answer to a comment. */
  comment(user: WeiboUser, postId: string, text: string, answersId?: string): Comment;
  /** Somebody writes privately: pushed to the gateway, up to three times more when it does not answer within 5 s. @returns the last status, 0 for none. */
  write(line: PrivateLine): Promise<number>;
  /** The body of the push of such a line, with the time at which it was written. */
  line(line: PrivateLine): object;
  /** A push, signed at `atMs`. */
  push(body: object, atMs: number): PushRequest;
  /** How the console confirms the gateway's address. @returns whether it was answered as Weibo wants. */
  confirmAddress(): Promise<boolean>;
  /** Our comments, oldest first. */
  readonly comments: readonly Comment[];
  /** What we wrote privately, oldest first. */
  readonly privateAnswers: readonly PrivateAnswer[];
  /** Calls that would write, whatever became of them. */
  readonly tries: number;
  /** Calls that were let in and count towards the allowance. */
  readonly counted: number;
  behave(behaviour: WeiboBehaviour): void;
}

const answerWithinMs = 5_000;
const pushes = 4;

/** Weibo's open platform and fans' service platform around one account of ours, as their documents describe them. */
export async function startWeiboSimulator(options: WeiboSimulatorOptions): Promise<WeiboSimulator> {
  const { account, us, appSecret, now = Date.now } = options;
  const world = new WeiboWorld(us, now);
  const files = new Map<string, Picture>();
  const customer: CustomerActions = {
    'POST mention': (input) => ({ id: world.post(userIn(input), `@${us.name} ${textIn(input, 'text')}`).id }),
    'POST comment'(input) {
      const ours = [...world.posts.values()].find(({ user }) => user.uid === us.uid) ?? world.post(us, '你好，微博');
      return { id: world.comment(userIn(input), ours.id, textIn(input, 'text')).id };
    },
    'POST message': async (input) => ({ status: await write({ from: userIn(input), text: textIn(input, 'text') }) }),
    'GET answers': (input) => answersTo(userIn({ from: input['customer'] })),
  };
  const state: ApiState = {
    ...{ world, us, files, now, customer, behaviour: 'well', tries: 0, counted: 0 },
    token: options.accessToken,
    allowance: options.allowance ?? 150,
  };
  const server = createApiServer(state);
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const gateway = () => options.gateway?.() ?? '';

  function signedPath(atMs: number, more: Readonly<Record<string, string>> = {}): string {
    const [timestamp, nonce] = [String(atMs), String(randomInt(1e8))];
    const signature = createHash('sha1').update([appSecret, timestamp, nonce].sort().join('')).digest('hex');
    return `/channels/weibo/${account}?${new URLSearchParams({ signature, timestamp, nonce, ...more })}`;
  }

  function push(body: object, atMs: number): PushRequest {
    return {
      method: 'POST',
      path: signedPath(atMs),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
  }

  function lineJson({ from, text, picture }: PrivateLine): object {
    const common = { receiver_id: Number(us.uid), sender_id: Number(from.uid), created_at: weiboTime(now()) };
    if (picture === undefined) return { type: 'text', ...common, text, data: {} };
    const [vfid, tovfid] = [world.nextId(), world.nextId()];
    files.set(tovfid, picture);
    return {
      type: 'image',
      ...common,
      text: text || '发了一张图片',
      data: { vfid: Number(vfid), tovfid: Number(tovfid) },
    };
  }

  async function write(line: PrivateLine): Promise<number> {
    const body = lineJson(line);
    let status = 0;
    for (let times = 0; times < pushes && (status < 200 || status > 299); times++) {
      const { path, ...request } = push(body, now());
      const signal = AbortSignal.timeout(answerWithinMs);
      const answer = await fetch(gateway() + path, { ...request, signal }).catch(() => undefined);
      await answer?.arrayBuffer().catch(() => {});
      status = answer?.status ?? 0;
    }
    return status;
  }

  /** What a person sees of us: comments under what they wrote, and private messages. */
  function answersTo({ uid }: WeiboUser): object[] {
    const inPublic = ourComments()
      .filter(({ post, answers }) => (answers ?? post).user.uid === uid)
      .map(({ id, text }) => ({ id, text, visibility: 'public' }));
    const inPrivate = world.privateAnswers
      .map(({ text, uid: to }, index) => ({ id: `private-${index}`, text, to, visibility: 'private' }))
      .filter(({ to }) => to === uid);
    return [...inPublic, ...inPrivate];
  }

  function thumbnailOf(picture: Picture): string {
    const name = `${world.nextId()}.jpg`;
    files.set(name, picture);
    return `${url}/thumbnail/${name}`;
  }

  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ourComments = () => [...world.comments.values()].filter(({ user }) => user.uid === us.uid);

  return {
    url,
    post: (user, text, pictures = []) => world.post(user, text, pictures.map(thumbnailOf)),
    postOurs: (text) => world.post(us, text),
    comment: (user, postId, text, answersId) => world.comment(user, postId, text, answersId),
    write,
    line: lineJson,
    push,
    async confirmAddress() {
      const answer = await fetch(gateway() + signedPath(now(), { echostr: 'dnPdpTZz85' }));
      return (await answer.text()) === 'dnPdpTZz85';
    },
    get comments() {
      return ourComments();
    },
    get privateAnswers() {
      return world.privateAnswers;
    },
    get tries() {
      return state.tries;
    },
    get counted() {
      return state.counted;
    },
    behave(next) {
      state.behaviour = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A person by their name: the same name is the same user. */
function userIn(input: Readonly<Record<string, unknown>>): WeiboUser {
  const name = textIn(input, 'from');
  const digest = createHash('sha256').update(name).digest();
  return { uid: String(2_000_000_000 + digest.readUInt32BE(0)), name };
}
