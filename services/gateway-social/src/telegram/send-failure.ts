import {
  AccountUnavailableError,
  PermanentSendError,
  RetryLaterError,
  UncertainSendError,
} from '@tributary/gateway-kit';
import { mayHaveArrived } from '../send-doubt.ts';

/** The library's errors, told apart by what they hold so that it need not be loaded for it. */
interface BotApiFailure extends Error {
  readonly errorCode?: number;
  /** Telegram's words. */
  readonly description?: string;
  readonly retryAfter?: number;
}

/**
 * What a failed call means for the message (core.telegram.org/api/errors, core.telegram.org/bots/faq#my-bot-is-hitting-limits).
 * @param isGroup Groups have a limit of their own, so only the group waits.
 */
export function sendFailure(failure: unknown, isGroup: boolean): Error {
  const error = failure as BotApiFailure;
  const { errorCode, retryAfter, message, description = message } = error;
  if (errorCode === undefined) {
    // The library says "Server error 5xx" without a cause when the answer was not the Bot API's own.
    const isAnswer = error.cause === undefined && /^Server error 5/.test(message);
    if (!isAnswer && mayHaveArrived(error)) return new UncertainSendError(`Telegram did not answer: ${message}`);
    return error;
  }
  if (errorCode === 429)
    return new RetryLaterError(description, (retryAfter ?? 1) * 1000, isGroup ? 'conversation' : 'account');
  // An unknown token is "Unauthorized", one that is malformed "Not Found".
  if (errorCode === 401 || errorCode === 404)
    return new AccountUnavailableError(`Telegram refuses the token: ${description}`);
  if (errorCode < 500) return new PermanentSendError(description, String(errorCode));
  return error;
}
