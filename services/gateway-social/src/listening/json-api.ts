import { AccountUnavailableError, PermanentSendError, RetryLaterError } from '@tributary/gateway-kit';

/** A provider that answered with a status that is no success. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
  readonly status: number;
  /** Its body, as JSON if it is any. */
  readonly body: unknown;
  /** What its Retry-After says. Undefined when it says nothing. */
  readonly retryAfterMs: number | undefined;

  constructor(host: string, response: Response, text: string) {
    super(`${host} answered ${response.status}: ${text.slice(0, 300).replaceAll(/\s+/g, ' ')}`);
    this.status = response.status;
    this.body = parsed(text);
    this.retryAfterMs = retryAfterMs(response.headers.get('retry-after'));
  }
}

const timeoutMs = 20_000;

/** One call of a JSON API. @throws ApiRefusal, or what the network says. */
export async function callApi(url: string, request: RequestInit): Promise<unknown> {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(timeoutMs) });
  const text = await response.text();
  if (!response.ok) throw new ApiRefusal(new URL(url).host, response, text);
  return parsed(text);
}

/**
 * What a failed call means where a repeat does no harm: RetryLaterError (429), AccountUnavailableError (401, 403),
 * PermanentSendError (other 4xx). Anything else passes.
 */
export function callErrorOf(error: unknown): unknown {
  if (!(error instanceof ApiRefusal)) return error;
  const { status, message } = error;
  if (status === 429) return new RetryLaterError(message, error.retryAfterMs ?? 5 * 60_000);
  if (status === 401 || status === 403) return new AccountUnavailableError(message);
  if (status >= 400 && status < 500) return new PermanentSendError(message, String(status));
  return error;
}

/** Of a Retry-After in seconds or as a date. Between a second and a day. */
export function retryAfterMs(header: string | null | undefined, nowMs = Date.now()): number | undefined {
  if (header === null || header === undefined || header === '') return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 1000), 24 * 60 * 60_000);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
