import type { WebhookRequest } from '@tributary/gateway-kit';
import { getExpectedBodyHash, getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { expect, test } from 'vitest';
import type { TwilioAccount } from './account.ts';
import { verifyTwilio } from './signature.ts';

const account = (authToken: string): TwilioAccount => ({
  ...{
    accountSid: `AC${'a'.repeat(32)}`,
    authToken,
    apiUrl: undefined,
    region: undefined,
    edge: undefined,
    numbers: [],
  },
});
const accounts = [account('first'), account('second')];
const address = 'https://support.example.com/channels/sms/messages?x=1';

function requestOf(url: string, body: string, signature: string | undefined): WebhookRequest {
  return {
    ...{ method: 'POST', url, parameters: {}, query: new URL(url).searchParams, body: Buffer.from(body) },
    headers: signature === undefined ? {} : { 'x-twilio-signature': signature },
  };
}

test('a form is taken when any of our accounts signed it for the address that was called', () => {
  const signature = getExpectedTwilioSignature('second', address, { Body: 'Grüße 你好', From: '+1' });
  const body = new URLSearchParams({ From: '+1', Body: 'Grüße 你好' }).toString();
  verifyTwilio(requestOf(address, body, signature), accounts);
  expect(() => verifyTwilio(requestOf(address, `${body}!`, signature), accounts)).toThrow(/must fit/);
  expect(() => verifyTwilio(requestOf(address.replace('x=1', 'x=2'), body, signature), accounts)).toThrow(/must fit/);
  expect(() => verifyTwilio(requestOf(address, body, signature), [account('first')])).toThrow(/must fit/);
  expect(() => verifyTwilio(requestOf(address, body, undefined), accounts)).toThrow(/must be given/);
});

test('of a JSON body the hash in the address is signed', () => {
  const body = '{"smoke":true}';
  const url = `${address}&bodySHA256=${getExpectedBodyHash(body)}`;
  const signature = getExpectedTwilioSignature('first', url, {});
  verifyTwilio(requestOf(url, body, signature), accounts);
  expect(() => verifyTwilio(requestOf(url, '{"smoke":false}', signature), accounts)).toThrow(/must fit/);
});
