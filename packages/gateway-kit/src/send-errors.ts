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

/** Nothing can be sent from this account just now (server away, login refused). Its other messages wait too. */
export class AccountUnavailableError extends Error {
  override readonly name = 'AccountUnavailableError';
}
