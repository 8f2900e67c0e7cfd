import type { TwilioRestClient } from '../../twilio/rest-client.ts';
import { sendErrorOf } from '../../twilio/send-error.ts';
import { CallGoneError, type Telephony } from '../ports.ts';
import { toXml } from './twiml-xml.ts';

/** "Call is not in-progress. Cannot redirect." (https://www.twilio.com/docs/api/errors/21220) */
const notInProgress = 21220;

/**
 * The telephones of Twilio's Voice API (https://www.twilio.com/docs/voice/api/call-resource).
 * @param clientOf The REST client of a number of ours.
 * @param address Makes a path of our voice webhooks an address.
 */
export function twilioTelephony(
  clientOf: (number: string) => Promise<TwilioRestClient>,
  address: (path: string) => string,
): Telephony {
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
        throw sendErrorOf(error);
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

function isGone(error: unknown): boolean {
  const { status, code } = error as Partial<{ status: number; code: number }>;
  return status === 404 || code === notInProgress;
}

function rejectGone(error: unknown): never {
  throw isGone(error) ? new CallGoneError((error as Error).message) : error;
}
