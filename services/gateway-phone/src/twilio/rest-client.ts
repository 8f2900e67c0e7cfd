import { RetryLaterError } from '@tributary/gateway-kit';
import twilio from 'twilio';
import type { TwilioAccount } from './account.ts';

export type TwilioRestClient = ReturnType<typeof twilio>;

type RequestClient = InstanceType<typeof twilio.RequestClient>;
type RequestOptions = Parameters<RequestClient['request']>[0];
type Answer<Body> = Awaited<ReturnType<typeof twilio.RequestClient.prototype.request<Body>>>;

/** When Twilio does not say how long to wait. */
const busyMs = 2000;
/** "Account exceeded the daily messages limit" of a trial (https://www.twilio.com/docs/api/errors/63038). */
const dailyLimit = '63038';
const dailyLimitMs = 60 * 60_000;
const timeoutMs = 30_000;

/**
 * The client of one account. This module brings the whole of Twilio's library (0.2 s, 30 MB): load it with `import()` when the
 * first request is to be made.
 * Rejects with `RetryLaterError` when Twilio answers 429, with Twilio's `RestException` for every other refusal, and with the
 * error of `fetch` when there was no answer (see `sendErrorOf`).
 */
export function createRestClient(account: TwilioAccount): TwilioRestClient {
  const { accountSid, authToken, region, edge } = account;
  return twilio(accountSid, authToken, {
    httpClient: new FetchClient(account.apiUrl),
    ...(region !== undefined && { region }),
    ...(edge !== undefined && { edge }),
  });
}

/**
 * Twilio's HTTP client over `fetch`, whose errors tell apart what was never sent from what had no answer; and which a
 * simulator's address can be given to (https://www.twilio.com/docs/libraries/reference/twilio-node, "custom HTTP client").
 */
class FetchClient extends twilio.RequestClient {
  readonly #apiUrl: string | undefined;

  constructor(apiUrl: string | undefined) {
    super();
    this.#apiUrl = apiUrl;
  }

  override async request<Body>(options: RequestOptions): Promise<Answer<Body>> {
    const { method, uri, username, password, headers, params, data, timeout } = options;
    const url = new URL(uri);
    for (const [name, value] of entries(params)) url.searchParams.append(name, value);
    const target = this.#apiUrl === undefined ? url : new URL(`${this.#apiUrl}${url.pathname}${url.search}`);
    const response = await fetch(target, {
      method: method.toUpperCase(),
      headers: {
        ...(headers as Record<string, string>),
        authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
      },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout ?? timeoutMs),
      ...(data != null && { body: new URLSearchParams(entries(data)) }),
    });
    const body = (await response.text()) as Body;
    if (response.status === 429) {
      throw new RetryLaterError('Twilio takes no more requests just now', retryAfterMs(response.headers, String(body)));
    }
    return { statusCode: response.status, body, headers: Object.fromEntries(response.headers) };
  }
}

function entries(values: object | null | undefined): [string, string][] {
  return Object.entries(values ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each): [string, string] => [name, String(each)]),
  );
}

function retryAfterMs(headers: Headers, body: string): number {
  const seconds = Number(headers.get('retry-after'));
  if (seconds > 0) return seconds * 1000;
  return body.includes(dailyLimit) ? dailyLimitMs : busyMs;
}
