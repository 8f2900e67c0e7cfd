import { findSignaturePython, isUnavailable } from '@tributary/testing/servers';
import { signedForm } from '@tributary/testing/simulators/twilio';
import { expect, test } from 'vitest';
import { verifyTwilio } from '../src/twilio/signature.ts';
import { twilio } from './twilio-contract.ts';

test('Twilio’s library for Python signs what we take, and what the simulated Twilio sends', {
  timeout: 120_000,
}, async () => {
  const python = await findSignaturePython((line) => process.stderr.write(`${line}\n`));
  if (isUnavailable(python)) throw new Error(python.unavailable);
  const url = 'https://support.example.com/channels/sms/messages?x=1';
  const parameters = { From: '+4915112340501', Body: '电池冒烟 🔥 a&b=c', NumMedia: '0' };
  const { headers, body } = signedForm(twilio, url, parameters);
  const signature = await python(
    `from twilio.request_validator import RequestValidator
result = RequestValidator(given["authToken"]).compute_signature(given["url"], given["form"])`,
    { authToken: twilio.authToken, url, form: Object.fromEntries(new URLSearchParams(body)) },
  );
  expect(signature).toBe(headers['x-twilio-signature']);
  const account = { ...twilio, apiUrl: undefined, region: undefined, edge: undefined, numbers: [] };
  const request = { method: 'POST', url, parameters: {}, query: new URL(url).searchParams, body: Buffer.from(body) };
  verifyTwilio({ ...request, headers: { 'x-twilio-signature': String(signature) } }, [account]);
});
