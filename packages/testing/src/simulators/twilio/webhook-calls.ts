import { randomUUID } from 'node:crypto';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import type { SimulatedAccount } from './accounts.ts';

/** What our side answered. */
export interface WebhookOutcome {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Which faults are tried again. */
type RetryPolicy = 'ct' | 'rt' | '4xx' | '5xx' | 'all';

/** All tries together. */
const totalMs = 15_000;

/** The request as Twilio makes it, for whoever makes it themselves. */
export function signedForm(
  { accountSid, authToken }: SimulatedAccount,
  url: string,
  parameters: Readonly<Record<string, string>>,
): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const form = { AccountSid: accountSid, ApiVersion: '2010-04-01', ...parameters };
  return {
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'user-agent': 'TwilioProxy/1.1',
      'x-twilio-signature': getExpectedTwilioSignature(authToken, url, form),
    },
    body: new URLSearchParams(form).toString(),
  };
}

/**
 * Calls a webhook. What stands after `#` in the address says how often it is tried and after which faults
 * (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides); without it once more, when no connection came about.
 * @returns the last answer; undefined when there was none.
 */
export async function callWebhook(
  account: SimulatedAccount,
  address: string,
  parameters: Readonly<Record<string, string>>,
): Promise<WebhookOutcome | undefined> {
  const [url = '', overrides = ''] = address.split('#');
  const settings = new URLSearchParams(overrides);
  const retries = Math.min(5, Number(settings.get('rc') ?? 1));
  const policies = (settings.get('rp') ?? 'ct').split(',') as RetryPolicy[];
  const { headers, body } = signedForm(account, url, parameters);
  const idempotency = { 'i-twilio-idempotency-token': randomUUID() };
  const signal = AbortSignal.timeout(totalMs);
  let outcome: WebhookOutcome | undefined;
  for (let tries = 0; tries <= retries; tries++) {
    let fault: RetryPolicy | undefined;
    try {
      const response = await fetch(url, { method: 'POST', headers: { ...headers, ...idempotency }, body, signal });
      outcome = {
        status: response.status,
        contentType: response.headers.get('content-type') ?? '',
        body: await response.text(),
      };
      fault = response.status >= 500 ? '5xx' : response.status >= 400 ? '4xx' : undefined;
    } catch {
      fault = signal.aborted ? 'rt' : 'ct';
    }
    if (fault === undefined || signal.aborted) break;
    if (!policies.includes('all') && !policies.includes(fault)) break;
  }
  return outcome;
}
