import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { answerCustomer, type CustomerActions } from '../customer-face.ts';
import { type Comment, type Post, WeiboRefusal, type WeiboUser, type WeiboWorld, weiboTime } from './world.ts';

/** How Weibo takes calls: properly; with 503; "out of rate limit"; by doing what is asked without an answer; or with an expired token. */
export type WeiboBehaviour = 'well' | 'down' | 'busy' | 'silent' | 'expired';

export interface ApiState {
  readonly world: WeiboWorld;
  readonly us: WeiboUser;
  readonly token: string;
  readonly files: ReadonlyMap<string, { readonly mediaType: string; readonly bytes: Uint8Array }>;
  /** Calls an hour. */
  readonly allowance: number;
  readonly customer: CustomerActions;
  now(): number;
  behaviour: WeiboBehaviour;
  /** Calls that would write, whatever became of them. */
  tries: number;
  /** Calls that were let in and count towards the allowance. */
  counted: number;
}

const hourMs = 3_600_000;

/** The part of Weibo's open platform that an account's customer service uses. */
export function createApiServer(state: ApiState): Server {
  let hour = 0;
  let used = 0;

  /** @throws WeiboRefusal */
  function admit(path: string, parameters: URLSearchParams): void {
    if (parameters.get('access_token') !== state.token || state.behaviour === 'expired') {
      throw new WeiboRefusal(21332, 'invalid_access_token');
    }
    if (path === '/2/account/rate_limit_status.json') return;
    const thisHour = Math.floor(state.now() / hourMs);
    if (thisHour !== hour) [hour, used] = [thisHour, 0];
    used += 1;
    if (state.behaviour === 'busy' || used > state.allowance) {
      throw new WeiboRefusal(10023, 'User requests out of rate limit!');
    }
    state.counted += 1;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await answerCustomer(request, response, state.customer)) return;
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://weibo');
    const writes = request.method === 'POST';
    const parameters = writes ? new URLSearchParams(await textOf(request)) : searchParams;
    if (writes) state.tries += 1;
    const picture = pathname.startsWith('/large/') ? state.files.get(pathname.slice('/large/'.length)) : undefined;
    if (picture !== undefined) {
      return void response.writeHead(200, { 'content-type': picture.mediaType }).end(picture.bytes);
    }
    if (state.behaviour === 'down') return void response.writeHead(503).end('upstream is away');
    try {
      admit(pathname, parameters);
      const file = pathname === '/2/mss/msget' ? state.files.get(parameters.get('fid') ?? '') : undefined;
      if (file !== undefined) return void response.writeHead(200, { 'content-type': file.mediaType }).end(file.bytes);
      const answer = answerTo(pathname, parameters);
      if (state.behaviour === 'silent' && writes) return;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    } catch (error) {
      if (!(error instanceof WeiboRefusal)) throw error;
      const status = error.code < 20_000 || error.code >= 21_300 ? 403 : 400;
      const body = { request: pathname, error_code: error.code, error: error.message };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    }
  }

  function answerTo(path: string, parameters: URLSearchParams): unknown {
    const { world, us } = state;
    const given = (name: string) => parameters.get(name) ?? '';
    switch (path) {
      case '/2/statuses/mentions.json':
        return { statuses: page(world.mentions(), parameters).map(statusJson) };
      case '/2/comments/to_me.json':
        return { comments: page(world.commentsToUs(), parameters).map(commentJson) };
      case '/2/comments/mentions.json':
        return { comments: page(world.commentMentions(), parameters).map(commentJson) };
      case '/2/comments/create.json':
        return commentJson(world.comment(us, given('id'), given('comment')));
      case '/2/comments/reply.json':
        return commentJson(world.comment(us, given('id'), given('comment'), given('cid')));
      case '/2/messages/reply.json': {
        const { text } = JSON.parse(given('data')) as { text: string };
        world.privateAnswers.push({ uid: given('receiver_id'), text });
        const [sender_id, receiver_id] = [Number(us.uid), Number(given('receiver_id'))];
        return { result: true, sender_id, receiver_id, type: 'text', data: given('data') };
      }
      case '/2/account/rate_limit_status.json': {
        const remaining = state.behaviour === 'busy' ? 0 : Math.max(0, state.allowance - used);
        const reset = state.behaviour === 'busy' ? 3 : Math.ceil((hourMs - (state.now() % hourMs)) / 1000);
        return { user_limit: state.allowance, remaining_user_hits: remaining, reset_time_in_seconds: reset };
      }
      default:
        throw new WeiboRefusal(10020, 'Request api not found!');
    }
  }

  return createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy(error as Error);
    });
  });
}

/** At most `count` of those after `since_id` and up to `max_id`. @param items Newest first. */
function page<Item extends Post>(items: readonly Item[], parameters: URLSearchParams): Item[] {
  const [since, max] = ['since_id', 'max_id'].map((name) => BigInt(parameters.get(name) ?? 0)) as [bigint, bigint];
  const count = Math.min(Number(parameters.get('count') ?? 50), 200);
  return items.filter(({ id }) => BigInt(id) > since && (max === 0n || BigInt(id) <= max)).slice(0, count);
}

function statusJson({ id, atMs, user, text, pictures = [] }: Post): object {
  const pic_urls = pictures.map((url) => ({ thumbnail_pic: url }));
  return { id: Number(id), idstr: id, mid: id, created_at: weiboTime(atMs), text, pic_urls, user: userJson(user) };
}

function commentJson(comment: Comment): object {
  const { post, answers } = comment;
  return {
    ...statusJson(comment),
    status: statusJson(post),
    ...(answers !== undefined && { reply_comment: statusJson(answers) }),
  };
}

function userJson({ uid, name }: WeiboUser): object {
  return { id: Number(uid), idstr: uid, screen_name: name, name };
}
