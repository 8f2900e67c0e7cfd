import { generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { sendJson, startServer } from '../json-server.ts';
import { readJwt } from '../read-jwt.ts';
import { type NewReview, ReviewShelf, type StoreBehaviour, type StoreReview } from '../review-shelf.ts';

export interface AppStoreSimulatorOptions {
  readonly port?: number;
  readonly now?: () => number;
}

export interface AppStoreSimulator extends AsyncDisposable {
  /** Base of the App Store Connect API. */
  readonly url: string;
  /** What our account is configured with. */
  readonly appId: string;
  readonly issuerId: string;
  readonly keyId: string;
  /** PKCS#8 PEM, as in a .p8 file. */
  readonly privateKey: string;
  /** Somebody reviews our app, or changes their review. */
  write(review: NewReview): StoreReview;
  remove(reviewId: string): void;
  /** Answers as they were seen under reviews, oldest first. */
  readonly answers: readonly string[];
  /** Requests to answer, whatever became of them. */
  readonly tries: number;
  /** Requests for reviews. */
  readonly looks: number;
  behave(behaviour: StoreBehaviour): void;
}

/** https://developer.apple.com/documentation/appstoreconnectapi/generating-tokens-for-api-requests */
const longestTokenSeconds = 20 * 60;
const maxAnswerLength = 5970;

/** Apple's App Store Connect API around one app, as far as its reviews go. */
export async function startAppStoreSimulator(options: AppStoreSimulatorOptions = {}): Promise<AppStoreSimulator> {
  const { port = 0, now = Date.now } = options;
  const shelf = new ReviewShelf(now);
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const account = { appId: '1234567890', issuerId: '57246542-96fe-1a63-e053-0824d011072a', keyId: '2X9R4HXF34' };
  let behaviour: StoreBehaviour = 'well';
  let tries = 0;
  let looks = 0;

  function isLetIn({ headers }: IncomingMessage): boolean {
    const jwt = readJwt(headers.authorization?.replace(/^Bearer /, '') ?? '', keys.publicKey);
    if (jwt === undefined) return false;
    const { iss, aud, iat, exp } = jwt.claims;
    const [from, until] = [Number(iat), Number(exp)];
    return (
      iss === account.issuerId &&
      aud === 'appstoreconnect-v1' &&
      jwt.header['kid'] === account.keyId &&
      until * 1000 > now() &&
      until - from <= longestTokenSeconds
    );
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', server.url);
    const isWrite = request.method === 'POST';
    if (isWrite) tries += 1;
    else looks += 1;
    const body = isWrite ? await json(request) : undefined;
    if (behaviour === 'down') return refuse(response, 503, 'SERVICE_UNAVAILABLE');
    if (behaviour === 'busy') return refuse(response, 429, 'RATE_LIMIT_EXCEEDED', { 'retry-after': '7' });
    if (!isLetIn(request)) return refuse(response, 401, 'NOT_AUTHORIZED');
    if (behaviour === 'forbidden') return refuse(response, 403, 'FORBIDDEN_ERROR');
    if (url.pathname === `/v1/apps/${account.appId}/customerReviews` && !isWrite) return list(url, response);
    if (url.pathname === '/v1/customerReviewResponses' && isWrite) return respond(body, response);
    refuse(response, 404, 'NOT_FOUND');
  }

  /** Pages go by what the last one ended with, so that new reviews do not shift them. */
  function list(url: URL, response: ServerResponse): void {
    if (url.searchParams.get('sort') !== '-createdDate') return void refuse(response, 400, 'PARAMETER_ERROR.INVALID');
    const limit = Math.min(Number(url.searchParams.get('limit') ?? 20), 200);
    const all = shelf.list();
    const after = all.findIndex(({ id }) => id === url.searchParams.get('cursor'));
    const reviews = all.slice(after + 1, after + 1 + limit);
    const last = reviews.at(-1);
    const next = new URL(url);
    if (last !== undefined) next.searchParams.set('cursor', last.id);
    sendJson(response, 200, {
      data: reviews.map(reviewJson),
      links: { self: url.href, ...(last !== undefined && last !== all.at(-1) && { next: next.href }) },
      meta: { paging: { total: all.length, limit } },
    });
  }

  function respond(body: unknown, response: ServerResponse): void {
    const { data } = body as ResponseRequest;
    const text = data.attributes.responseBody;
    if (data.type !== 'customerReviewResponses' || text === '' || text.length > maxAnswerLength) {
      return void refuse(response, 409, 'ENTITY_ERROR.ATTRIBUTE.INVALID');
    }
    const given = shelf.answer(data.relationships.review.data.id, text);
    if (given === undefined) return void refuse(response, 404, 'NOT_FOUND');
    // The request is done, its answer is lost.
    if (behaviour === 'silent') return;
    const attributes = { responseBody: text, lastModifiedDate: new Date(given.atMs), state: 'PENDING_PUBLISH' };
    sendJson(response, 201, { data: { type: 'customerReviewResponses', id: given.id, attributes } });
  }

  const server = await startServer(
    port,
    { 'POST review': (input) => shelf.writeFor(input), 'GET answers': (input) => shelf.answersTo(input) },
    answer,
  );
  return {
    url: server.url,
    ...account,
    privateKey: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
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
    behave(next) {
      behaviour = next;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

interface ResponseRequest {
  readonly data: {
    readonly type: string;
    readonly attributes: { readonly responseBody: string };
    readonly relationships: { readonly review: { readonly data: { readonly type: string; readonly id: string } } };
  };
}

function reviewJson({ id, author, stars, title, text, atMs }: StoreReview): object {
  const createdDate = new Date(atMs).toISOString().replace(/\.\d+Z$/, '-00:00');
  const attributes = { rating: stars, title, body: text, reviewerNickname: author, createdDate, territory: 'USA' };
  return { type: 'customerReviews', id, attributes };
}

function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendJson(response, status, { errors: [{ status: String(status), code, title: code, detail: code }] }, headers);
}
