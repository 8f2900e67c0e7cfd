import {
  AccountUnavailableError,
  neverConnected,
  PermanentSendError,
  RetryLaterError,
  UncertainSendError,
} from '@tributary/gateway-kit';

/** What an agent should know of the refusals they can do something about (https://www.twilio.com/docs/api/errors). */
const refusals: Readonly<Record<number, string>> = {
  21211: 'the number is not a telephone number',
  21408: 'our Twilio account may not write to this country (Geo Permissions)',
  21606: 'our number cannot send this kind of message to this customer',
  21608: 'a trial account of Twilio writes to verified numbers only',
  21610: 'the customer has opted out with STOP; only they can opt in again, with START',
  21612: 'our number cannot reach this customer’s network',
  21614: 'the number cannot get text messages',
  30003: 'the customer’s telephone is switched off or out of reach',
  30004: 'the customer’s network blocks our messages',
  30005: 'the number does not exist any more',
  30006: 'the number is a landline, or its network takes no text messages',
  30007: 'the customer’s network filtered the message as spam',
  63003: 'the customer cannot be reached on WhatsApp',
  63016:
    'the customer’s last message on WhatsApp is more than 24 hours ago; until they write again only a template may go out',
  63024: 'the number has no WhatsApp',
};

/** A telephone or a network in words for an agent. */
export function reasonOf(code: string, fallback: string): string {
  return refusals[Number(code)] ?? (fallback || `Twilio gives error ${code}`);
}

/** Too much is waiting at Twilio already: 14107 and 63018 are rates, 21611 is a full queue of one number. */
const tooFast: Readonly<Record<number, number>> = { 14107: 2000, 21611: 60_000, 63018: 2000 };

/** Our account, not the message: no access, no such account, suspended. */
const accountFaults = [20003, 20005, 20008, 20404];

/**
 * Says what the failure of a request that creates something means for it. Twilio knows no idempotency key for messages and
 * calls (https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource names none), so what had no
 * answer is uncertain. A 5xx says that nothing was created, but for 504, behind which it may have been.
 */
export function sendErrorOf(error: unknown): Error {
  if (error instanceof RetryLaterError) return error;
  const { status, code, message, cause } = error as Partial<{
    status: number;
    code: number;
    message: string;
    cause: { readonly code?: string };
  }>;
  if (status === undefined) {
    const detail = cause?.code ?? message ?? 'no answer';
    return neverConnected.has(cause?.code ?? '')
      ? new AccountUnavailableError(`Twilio cannot be reached: ${detail}`)
      : new UncertainSendError(`Twilio did not answer (${detail}). It may or may not have sent the message.`);
  }
  const said = `Twilio answered ${status}${code === undefined ? '' : `, error ${code}`}: ${message ?? ''}`;
  if (status === 504) return new UncertainSendError(`${said}. It may or may not have sent the message.`);
  if (status >= 500 || status === 401 || accountFaults.includes(code ?? 0)) return new AccountUnavailableError(said);
  const waitMs = tooFast[code ?? 0];
  if (waitMs !== undefined) return new RetryLaterError(said, waitMs);
  return new PermanentSendError(reasonOf(String(code ?? status), message ?? ''), String(code ?? status));
}
