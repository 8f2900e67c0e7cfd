import { RetryLaterError } from '@tributary/gateway-kit';
import { expect, test } from 'vitest';
import { sendErrorOf } from './send-error.ts';

const answered = (status: number, code: number) => Object.assign(new Error('as Twilio says'), { status, code });
const unanswered = (code: string) => new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });

test.each([
  ['the customer opted out', answered(400, 21610), 'PermanentSendError'],
  ['no such number', answered(400, 21211), 'PermanentSendError'],
  ['a landline', answered(400, 21614), 'PermanentSendError'],
  ['an unknown refusal', answered(400, 29999), 'PermanentSendError'],
  ['a wrong token', answered(401, 20003), 'AccountUnavailableError'],
  ['a suspended account', answered(403, 20005), 'AccountUnavailableError'],
  ['an outage', answered(503, 20503), 'AccountUnavailableError'],
  ['a gateway’s time-out', answered(504, 20504), 'UncertainSendError'],
  ['a full queue', answered(400, 21611), 'RetryLaterError'],
  ['a rate', new RetryLaterError('429', 1000), 'RetryLaterError'],
  ['nobody at the address', unanswered('ECONNREFUSED'), 'AccountUnavailableError'],
  ['no such host', unanswered('ENOTFOUND'), 'AccountUnavailableError'],
  ['a connection that broke', unanswered('ECONNRESET'), 'UncertainSendError'],
  ['a connection that the other side closed', unanswered('UND_ERR_SOCKET'), 'UncertainSendError'],
  ['no answer in time', new DOMException('timeout', 'TimeoutError'), 'UncertainSendError'],
])('%s is told as what it means for the message', (_, error, name) => {
  expect(sendErrorOf(error).name).toBe(name);
});

test('a refusal says in words what an agent can do, and keeps Twilio’s code', () => {
  expect(sendErrorOf(answered(400, 21610))).toMatchObject({ code: '21610', message: expect.stringContaining('START') });
  expect(sendErrorOf(answered(400, 29999))).toMatchObject({ code: '29999', message: 'as Twilio says' });
});
