/**
 * How a channel's `send` says why it failed. Any other error is a passing one: the message is tried again with back-off.
 */
export class PermanentSendError extends Error {
  override readonly name = 'PermanentSendError';
  /** The provider's code, for example `550 5.1.1`; empty when it gave none. */
  readonly code: string;

  constructor(reason: string, code = '') {
    super(reason);
    this.code = code;
  }
}

/** The provider may have accepted the message and nobody can tell. It is not repeated. */
export class UncertainSendError extends Error {
  override readonly name = 'UncertainSendError';
}

/** The provider says when to come again (429 with Retry-After, flood control). */
export class RetryLaterError extends Error {
  override readonly name = 'RetryLaterError';
  readonly afterMs: number;
  /** What waits: everything of this account, or this conversation alone. */
  readonly scope: 'account' | 'conversation';

  constructor(reason: string, afterMs: number, scope: 'account' | 'conversation' = 'account') {
    super(reason);
    this.afterMs = afterMs;
    this.scope = scope;
  }
}

/** Nothing can be sent from this account just now (server away, login refused). Its other messages wait too. */
export class AccountUnavailableError extends Error {
  override readonly name = 'AccountUnavailableError';
}

/**
 * Codes of failures before a request was written, from name look-up and connecting (Node's, and undici's of `fetch`): the
 * provider cannot have got anything. Other failures without an answer leave that open.
 */
export const neverConnected: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
