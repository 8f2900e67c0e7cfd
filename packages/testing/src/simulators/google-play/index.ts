import { generateKeyPair, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { json, text as textOf } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { sendJson, startServer } from '../json-server.ts';
import { readJwt } from '../read-jwt.ts';
import { type NewReview, ReviewShelf, type StoreBehaviour, type StoreReview } from '../review-shelf.ts';

export interface GooglePlaySimulatorOptions {
  readonly port?: number;
  readonly now?: () => number;
}

export interface GooglePlaySimulator extends AsyncDisposable {
  /** Base of the Android Publisher API. */
  readonly url: string;
  /** What our account is configured with. */
  readonly packageName: string;
  readonly serviceAccount: {
    readonly client_email: string;
    readonly private_key: string;
    readonly token_uri: string;
  };
  /** Somebody reviews our app, or changes their review. */
  write(review: NewReview): StoreReview;
  remove(reviewId: string): void;
  /** Answers as they were seen under reviews, oldest first. */
  readonly answers: readonly string[];
  /** Requests to answer, whatever became of them. */
  readonly tries: number;
  /** Requests for reviews. */
  readonly looks: number;
  /** Tokens that were given out. */
  readonly tokens: number;
  behave(behaviour: StoreBehaviour | 'out of quota'): void;
  /** Takes back the tokens that were given out. */
  revokeTokens(): void;
}

const scope = 'https://www.googleapis.com/auth/androidpublisher';
const weekMs = 7 * 24 * 60 * 60_000;
const maxAnswerLength = 350;

/** Google's OAuth 2.0 for service accounts and the reviews of the Android Publisher API, around one app. */
export async function startGooglePlaySimulator(options: GooglePlaySimulatorOptions = {}): Promise<GooglePlaySimulator> {
  const { port = 0, now = Date.now } = options;
  const shelf = new ReviewShelf(now);
  const keys = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const packageName = 'com.example.scooter';
  const clientEmail = 'tributary@scooters.iam.gserviceaccount.com';
  const tokens = new Map<string, number>();
  let given = 0;
  let behaviour: StoreBehaviour | 'out of quota' = 'well';
  let tries = 0;
  let looks = 0;

  /** https://developers.google.com/identity/protocols/oauth2/service-account */
  async function giveToken(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await textOf(request));
    const { iss, aud, scope: asked, exp } = readJwt(form.get('assertion') ?? '', keys.publicKey)?.claims ?? {};
    const isGood =
      form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer' &&
      iss === clientEmail &&
      aud === `${server.url}/token` &&
      asked === scope &&
      Number(exp) * 1000 > now();
    if (!isGood) return sendJson(response, 400, { error: 'invalid_grant', error_description: 'Invalid JWT' });
    const token = `ya29.${randomUUID()}`;
    given += 1;
    tokens.set(token, now() + 3_599_000);
    sendJson(response, 200, { access_token: token, expires_in: 3599, token_type: 'Bearer' });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', server.url);
    if (url.pathname === '/token') return giveToken(request, response);
    const isWrite = request.method === 'POST';
    if (isWrite) tries += 1;
    else looks += 1;
    const body = isWrite ? await json(request) : undefined;
    if (behaviour === 'down') return refuse(response, 503, 'UNAVAILABLE', 'backendError');
    if (behaviour === 'busy') {
      return refuse(response, 429, 'RESOURCE_EXHAUSTED', 'rateLimitExceeded', { 'retry-after': '7' });
    }
    if (behaviour === 'out of quota') return refuse(response, 403, 'PERMISSION_DENIED', 'quotaExceeded');
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    if ((tokens.get(token) ?? 0) <= now()) return refuse(response, 401, 'UNAUTHENTICATED', 'authError');
    if (behaviour === 'forbidden') return refuse(response, 403, 'PERMISSION_DENIED', 'permissionDenied');
    const reviews = `/androidpublisher/v3/applications/${packageName}/reviews`;
    if (url.pathname === reviews && !isWrite) return list(url, response);
    const reply = /^\/([^/]+):reply$/.exec(url.pathname.slice(reviews.length));
    if (url.pathname.startsWith(reviews) && reply !== null && isWrite) {
      return respond(decodeURIComponent(reply[1] ?? ''), body as { replyText?: string }, response);
    }
    refuse(response, 404, 'NOT_FOUND', 'notFound');
  }

  function list({ searchParams }: URL, response: ServerResponse): void {
    const count = Math.min(Number(searchParams.get('maxResults') ?? 10), 100);
    const all = shelf.list().filter(({ atMs }) => atMs > now() - weekMs);
    const first = Number(searchParams.get('token') ?? 0);
    const reviews = all.slice(first, first + count);
    const hasMore = first + count < all.length;
    sendJson(response, 200, {
      ...(reviews.length > 0 && { reviews: reviews.map(reviewJson) }),
      ...(hasMore && { tokenPagination: { nextPageToken: String(first + count) } }),
    });
  }

  function respond(reviewId: string, { replyText = '' }: { replyText?: string }, response: ServerResponse): void {
    if (replyText === '' || replyText.length > maxAnswerLength) {
      return void refuse(response, 400, 'INVALID_ARGUMENT', 'invalidValue');
    }
    const written = shelf.answer(reviewId, replyText);
    if (written === undefined) return void refuse(response, 404, 'NOT_FOUND', 'reviewNotFound');
    // The request is done, its answer is lost.
    if (behaviour === 'silent') return;
    sendJson(response, 200, { result: { replyText, lastEdited: timestamp(written.atMs) } });
  }

  const server = await startServer(
    port,
    { 'POST review': (input) => shelf.writeFor(input), 'GET answers': (input) => shelf.answersTo(input) },
    answer,
  );
  return {
    url: server.url,
    packageName,
    serviceAccount: {
      client_email: clientEmail,
      private_key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      token_uri: `${server.url}/token`,
    },
    write: (review) => shelf.write(review),
    remove: (reviewId) => shelf.remove(reviewId),
    get answers() {
      return shelf.answersSeen();
    },
    get tries() {
      return tries;
    },
    get looks() {
      return looks;
    },
    get tokens() {
      return given;
    },
    behave(next) {
      behaviour = next;
    },
    revokeTokens: () => tokens.clear(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function reviewJson({ id, author, stars, title, text, atMs, answer }: StoreReview): object {
  const userComment = {
    text: `${title === '' ? '' : title}\t${text}`,
    lastModified: timestamp(atMs),
    starRating: stars,
    reviewerLanguage: 'en',
    device: 'klte',
    androidOsVersion: 34,
    appVersionCode: 77,
    appVersionName: '2.4.1',
    thumbsUpCount: 0,
    thumbsDownCount: 0,
  };
  return {
    reviewId: id,
    authorName: author,
    comments: [
      { userComment },
      ...(answer === undefined
        ? []
        : [{ developerComment: { text: answer.text, lastModified: timestamp(answer.atMs) } }]),
    ],
  };
}

function timestamp(atMs: number): object {
  return { seconds: String(Math.floor(atMs / 1000)), nanos: (atMs % 1000) * 1e6 };
}

function refuse(
  response: ServerResponse,
  code: number,
  status: string,
  reason: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const errors = [{ message: status, domain: 'androidpublisher', reason }];
  sendJson(response, code, { error: { code, message: status, errors, status } }, headers);
}
