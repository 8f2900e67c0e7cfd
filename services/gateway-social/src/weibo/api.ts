import {
  AccountUnavailableError,
  PermanentSendError,
  RetryLaterError,
  UncertainSendError,
} from '@tributary/gateway-kit';
import { z } from 'zod';
import { mayHaveArrived } from '../send-doubt.ts';

/** Weibo answered that it will not. */
export class WeiboError extends Error {
  override readonly name = 'WeiboError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(`Weibo: ${message} (${code})`);
    this.code = code;
  }
}

/** Weibo did not answer, or not in its own way. */
class WeiboAwayError extends Error {
  override readonly name = 'WeiboAwayError';
  /** True when it may have done what was asked: the request was on its way. */
  readonly mayHaveActed: boolean;

  constructor(message: string, mayHaveActed: boolean, cause?: unknown) {
    super(message, { cause });
    this.mayHaveActed = mayHaveActed;
  }
}

const refusal = z.object({ error_code: z.coerce.number(), error: z.string().default('') });
const timeoutMs = 20_000;

/**
 * One call of the open platform; parameters go into the query of a GET and the form of a POST.
 * @throws WeiboError, WeiboAwayError
 */
export async function callWeibo(
  method: 'GET' | 'POST',
  url: string,
  token: string,
  parameters: Readonly<Record<string, string>>,
): Promise<unknown> {
  const form = new URLSearchParams({ access_token: token, ...parameters });
  const signal = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let text: string;
  try {
    response = await (method === 'GET'
      ? fetch(`${url}?${form}`, { signal })
      : fetch(url, { method, body: form, signal }));
    text = await response.text();
  } catch (error) {
    const { message } = ((error as Error).cause ?? error) as Error;
    throw new WeiboAwayError(`${new URL(url).host} does not answer: ${message}`, mayHaveArrived(error), error);
  }
  const body = parsed(text);
  const refused = refusal.safeParse(body);
  if (refused.success) throw new WeiboError(refused.data.error_code, refused.data.error);
  if (!response.ok || body === undefined) {
    throw new WeiboAwayError(
      `${new URL(url).host} answered ${response.status} without a word that we know`,
      response.ok,
    );
  }
  return body;
}

/**
 * How long the hourly allowance is used up, by `account/rate_limit_status`, which costs nothing of it
 * (https://open.weibo.com/wiki/2/account/rate_limit_status/en).
 */
export async function allowanceResetMs(apiUrl: string, token: string): Promise<number> {
  const answer = await callWeibo('GET', `${apiUrl}/2/account/rate_limit_status.json`, token, {}).catch(() => undefined);
  const seconds = z.object({ reset_time_in_seconds: z.coerce.number().min(0).max(3600) }).safeParse(answer);
  return seconds.success ? seconds.data.reset_time_in_seconds * 1000 : 10 * 60_000;
}

/** "IP / user / user for this interface requests out of rate limit". */
export const outOfAllowance: ReadonlySet<number> = new Set([10022, 10023, 10024]);
/** System error, service away, remote service, busy, job expired, RPC. */
const passing: ReadonlySet<number> = new Set([10001, 10002, 10003, 10009, 10010, 10011]);
/** "Update too fast": writes come too quickly one after the other. */
const tooFast: ReadonlySet<number> = new Set([20016]);

/**
 * What a failed call means for the message (codes: https://open.weibo.com/wiki/Error_code). A token that is missing, expired,
 * revoked or not entitled (10005, 10006, 10013, 10014, 213xx) is the account's fault and waits for an operator. What is left
 * is about the message itself, for example 20019 "repeat content", 20101 and 20201 "target does not exist".
 */
export async function sendErrorOf(error: unknown, resetMs: () => Promise<number>): Promise<unknown> {
  if (error instanceof WeiboAwayError) return error.mayHaveActed ? new UncertainSendError(error.message) : error;
  if (!(error instanceof WeiboError)) return error;
  const { code, message } = error;
  if (outOfAllowance.has(code)) return new RetryLaterError(message, await resetMs());
  if (tooFast.has(code)) return new RetryLaterError(message, 60_000);
  if (passing.has(code)) return error;
  if (isAccountFault(code)) return new AccountUnavailableError(message);
  return new PermanentSendError(message, String(code));
}

function isAccountFault(code: number): boolean {
  return [10004, 10005, 10006, 10013, 10014].includes(code) || (code >= 21300 && code < 21400);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
