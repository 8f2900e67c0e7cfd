import { AccountUnavailableError, RetryLaterError, UncertainSendError } from '@tributary/gateway-kit';
import type { TwilioAccount } from '../../twilio/account.ts';
import type { TwilioRestClient } from '../../twilio/rest-client.ts';
import { CallGoneError, CallRefusedError, type Telephony } from '../ports.ts';
import { toXml } from './twiml-xml.ts';

/** "Call is not in-progress. Cannot redirect." (https://www.twilio.com/docs/api/errors/21220) */
const notInProgress = 21220;

/**
 * The telephones of Twilio's Voice API (https://www.twilio.com/docs/voice/api/call-resource).
 * @param accountOf The Twilio account of a number of ours.
 * @param address Makes a path of our voice webhooks an address.
 */
export function twilioTelephony(
  accountOf: (number: string) => TwilioAccount,
  address: (path: string) => string,
): Telephony {
  const clients = new Map<string, Promise<TwilioRestClient>>();
  const clientOf = (number: string) => {
    const account = accountOf(number);
    const known = clients.get(account.accountSid);
    if (known !== undefined) return known;
    // The library takes a while to load: with the first call, not with the start.
    const client = import('../../twilio/rest-client.ts').then(({ createRestClient }) => createRestClient(account));
    clients.set(account.accountSid, client);
    return client;
  };
  return {
    async ring({ account, address: to, answered, status, timeoutSeconds }) {
      const client = await clientOf(account);
      try {
        const { sid } = await client.calls.create({
          to: to.replace(/^tel:/, ''),
          from: account,
          url: address(answered),
          statusCallback: address(status),
          statusCallbackEvent: ['completed'],
          timeout: Math.min(600, timeoutSeconds),
        });
        return sid;
      } catch (error) {
        throw ringFault(error);
      }
    },
    async redirect(account, callId, verbs) {
      const client = await clientOf(account);
      await client
        .calls(callId)
        .update({ twiml: toXml(verbs, address) })
        .catch(rejectGone);
    },
    async hangUp(account, callId) {
      const client = await clientOf(account);
      await client
        .calls(callId)
        .update({ status: 'completed' })
        .catch((error: unknown) => {
          if (!isGone(error)) throw error;
        });
    },
    async hold(account, conference, callId, on, music) {
      const client = await clientOf(account);
      await client
        .conferences(conference)
        .participants(callId)
        .update({ hold: on, ...(on && { holdUrl: music, holdMethod: 'GET' }) })
        .catch(rejectGone);
    },
  };
}

/** Twilio's refusal, as its library throws it. */
interface RestException {
  readonly status: number;
  readonly code?: number;
  readonly message: string;
}

function isRestException(error: unknown): error is RestException {
  return error instanceof Error && typeof (error as { status?: unknown }).status === 'number';
}

function isGone(error: unknown): boolean {
  return isRestException(error) && (error.status === 404 || error.code === notInProgress);
}

function rejectGone(error: unknown): never {
  throw isGone(error) ? new CallGoneError((error as Error).message) : error;
}

function ringFault(error: unknown): unknown {
  if (error instanceof RetryLaterError) return error;
  if (isRestException(error)) {
    const { status, code, message } = error;
    if (status === 401 || status === 403) return new AccountUnavailableError(`Twilio refuses the account: ${message}`);
    return status < 500 ? new CallRefusedError(`${message} (${code ?? status})`) : error;
  }
  // Without an answer nobody knows; only what never left is known not to ring.
  return wasNotSent(error) ? error : new UncertainSendError(`Twilio did not answer: ${(error as Error).message}`);
}

function wasNotSent(error: unknown): boolean {
  const code = ((error as Error).cause as { code?: string } | undefined)?.code ?? '';
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'].includes(
    code,
  );
}
