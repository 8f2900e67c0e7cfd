import { WebhookRefusal, type WebhookRequest } from '@tributary/gateway-kit';
// The module alone: the package's own entry loads every REST resource.
import { validateRequest, validateRequestWithBody } from 'twilio/lib/webhooks/webhooks.js';
import type { TwilioAccount } from './account.ts';

/** The parameters of a form, each once: Twilio repeats none of those that we read. */
export function formOf({ body }: WebhookRequest): Readonly<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(body.toString('utf8')));
}

/**
 * Whether Twilio sent it, for one of these accounts. The signature covers the public address with its query and each
 * parameter of the form; of a JSON body its hash, which is in the query
 * (https://www.twilio.com/docs/usage/security#validating-requests). It holds for ever: repeats are told by their ids.
 * @throws WebhookRefusal 403
 */
export function verifyTwilio(request: WebhookRequest, accounts: readonly TwilioAccount[]): void {
  const signature = request.headers['x-twilio-signature'];
  if (typeof signature !== 'string') throw new WebhookRefusal(403, 'X-Twilio-Signature must be given once');
  const valid = request.query.has('bodySHA256')
    ? accounts.some(({ authToken }) =>
        validateRequestWithBody(authToken, signature, request.url, request.body.toString('utf8')),
      )
    : accounts.some(({ authToken }) => validateRequest(authToken, signature, request.url, repeatedForm(request)));
  if (!valid) {
    throw new WebhookRefusal(403, 'X-Twilio-Signature must fit the address that was called and the parameters');
  }
}

/** With every value of a repeated parameter, as the signature covers them. */
function repeatedForm({ body }: WebhookRequest): Record<string, string | string[]> {
  const form: Record<string, string | string[]> = {};
  const parameters = new URLSearchParams(body.toString('utf8'));
  for (const name of parameters.keys()) {
    const values = parameters.getAll(name);
    form[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return form;
}
