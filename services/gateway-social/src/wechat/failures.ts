import {
  AccountUnavailableError,
  PermanentSendError,
  RetryLaterError,
  UncertainSendError,
} from '@tributary/gateway-kit';
import { mayHaveArrived } from '../send-doubt.ts';

/** WeChat answered, and said that it did not do it. */
export class WechatError extends Error {
  override readonly name = 'WechatError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(`${code} ${message}`);
    this.code = code;
  }
}

// Codes: developers.weixin.qq.com/doc/oplatform/developers/errCode/errCode.html and the page of each call.

/** A token that is wrong, expired or replaced: to be fetched anew. */
export const tokenCodes: ReadonlySet<number> = new Set([40001, 40014, 42001]);

const accountCodes: Readonly<Record<number, string>> = {
  40001: 'WeChat refuses the access token or the AppSecret',
  40013: 'WeChat does not know the AppID',
  40014: 'WeChat refuses the access token',
  40125: 'WeChat refuses the AppSecret',
  40164: "our address is not in the account's IP allow-list",
  40243: 'the AppSecret is frozen',
  41001: 'WeChat misses the access token',
  42001: 'the access token has expired, also after a refresh',
  48001: 'the account may not use the customer-service messages: it must be verified',
  48004: 'WeChat has blocked this interface for the account',
  50002: 'WeChat has limited the account',
  61004: 'our address is not in the IP allow-list',
};

const permanentCodes: Readonly<Record<number, string>> = {
  40003: 'WeChat does not know this customer of the account',
  43004: 'the customer does not follow the account any more',
  45002: 'the text is too long for WeChat',
  45015: 'the customer has not written for 48 hours or has left, so WeChat lets nobody write to them',
  45047: "WeChat allows no more answers until the customer writes again (5 per message of the customer's)",
};

/** The quota counts per day; an operator may also clear it (clear_quota), so it is looked at again before the day is over. */
const dailyQuotaMs = 15 * 60_000;
const minuteQuotaMs = 60_000;

/** What a failed call means for the message. WeChat knows no idempotency key: without an answer it stays in doubt. */
export function sendFailure(error: unknown): Error {
  if (!(error instanceof WechatError)) {
    if (error instanceof HttpStatusError || !mayHaveArrived(error)) return error as Error;
    return new UncertainSendError(`WeChat did not answer: ${(error as Error).message}`);
  }
  const { code, message } = error;
  const accountFault = accountCodes[code];
  if (accountFault !== undefined) return new AccountUnavailableError(`${accountFault} (${message})`);
  if (code === 45009) return new RetryLaterError(`the day's quota is used up (${message})`, dailyQuotaMs);
  if (code === 45011) return new RetryLaterError(`too many calls this minute (${message})`, minuteQuotaMs);
  // "System busy, try again later"; the message was not taken.
  if (code === -1) return error;
  return new PermanentSendError(permanentCodes[code] ?? `WeChat refuses it (${message})`, String(code));
}

/** An answer that is not the API's own, from something before it. */
export class HttpStatusError extends Error {
  override readonly name = 'HttpStatusError';
}
