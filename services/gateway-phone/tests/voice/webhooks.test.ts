import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CallOutcome, MessageKind } from '@tributary/contracts';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { until } from '@tributary/testing';
import { signedForm } from '@tributary/testing/simulators/twilio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCalls } from '../../src/voice/adapters/docstore-calls.ts';
import { readVoicePolicy } from '../../src/voice/adapters/voice-policy-file.ts';
import { incomingCall } from '../../src/voice/domain/call.ts';
import { advanceCall } from '../../src/voice/usecases/advance-call.ts';
import type { VoiceDependencies } from '../../src/voice/usecases/voice-dependencies.ts';
import { Hotline, hotlineNumber, twilioAccount } from './hotline.ts';
import { policyFile } from './policies.ts';

let hotline: Hotline;
beforeAll(async () => {
  hotline = await Hotline.open();
});
afterAll(() => hotline[Symbol.asyncDispose]());

let calls = 0;
const newSid = () => `CA${String(++calls).padStart(32, '0')}`;
const incoming = (CallSid: string) => ({ CallSid, From: '+491708888888', To: hotlineNumber, CallStatus: 'ringing' });

/** A webhook as Twilio makes it. */
async function post(path: string, form: Record<string, string>, change: { body?: string; signature?: string } = {}) {
  const url = `${hotline.publicUrl}/channels/phone/voice${path}`;
  const { headers, body } = signedForm(twilioAccount, url, form);
  const { signature } = change;
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, ...(signature !== undefined && { 'x-twilio-signature': signature }) },
    body: change.body ?? body,
  });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}

const key = (sid: string, step: string, digit: string) =>
  post(`/call/key?step=${step}&tries=0`, { ...incoming(sid), Digits: digit });

describe('a webhook', () => {
  test.each([
    ['without a right signature', { signature: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }],
    ['with another body than was signed', { body: new URLSearchParams({ CallSid: 'CA1', From: '+1' }).toString() }],
  ])('%s is refused and changes nothing', async (_, change) => {
    const sid = newSid();
    expect((await post('/call', incoming(sid), change)).status).toBe(403);
    expect((await key(sid, 'language', '1')).body).toContain('<Hangup/>');
  });

  test('is verified against the public address, which a proxy changes on the way', async () => {
    const answer = await post('/call', incoming(newSid()));
    expect(answer).toMatchObject({ status: 200, type: 'text/xml; charset=utf-8' });
    expect(answer.body).toContain(
      `action="${hotline.publicUrl}/channels/phone/voice/call/key?step=language&amp;tries=0`,
    );
    const local = `${hotline.localUrl}/channels/phone/voice/call`;
    const { headers, body } = signedForm(twilioAccount, local, incoming(newSid()));
    expect((await fetch(local, { method: 'POST', headers, body })).status).toBe(403);
  });

  test('that comes ten times at once, at any step, is answered alike and makes one message', async () => {
    const sid = newSid();
    const tenTimes = async (send: () => Promise<{ body: string }>) => {
      const answers = await Promise.all(Array.from({ length: 10 }, send));
      expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
      return answers[0]?.body;
    };
    await tenTimes(() => post('/call', incoming(sid)));
    await tenTimes(() => key(sid, 'language', '1'));
    await tenTimes(() => key(sid, 'reason', '1'));
    expect(await tenTimes(() => key(sid, 'consent', '1'))).toContain('<Enqueue');
    expect(await tenTimes(() => key(sid, 'language', '2'))).toContain('<Enqueue');
    await tenTimes(() => post('/call/left-queue', { ...incoming(sid), QueueResult: 'hangup' }));
    await tenTimes(() => post('/status', { ...incoming(sid), CallStatus: 'completed' }));
    const messages = await until('the messages', () => {
      const found = hotline.messages.filter(({ conversationKey }) => conversationKey === `phone:${sid}`);
      return found.some(({ call }) => call?.outcome === CallOutcome.CALL_OUTCOME_ABANDONED) && found;
    });
    expect(new Set(messages.map(({ id }) => id)).size).toBe(2);
  });

  test('about a call that nobody knows is answered, and nothing comes of it', async () => {
    const sid = newSid();
    for (const path of [
      '/status',
      '/call/wait',
      '/call/left-queue',
      '/call/recorded',
      '/conference?call=CA9',
      '/agent?call=CA9',
    ]) {
      expect((await post(path, { CallSid: sid, CallStatus: 'completed' })).status).toBe(200);
    }
  });

  test('that cannot be handled just now is asked for again, and the agent gets the call then', async () => {
    const caller = await hotline.waiting();
    const { phone } = await hotline.offer(caller);
    await phone.answer();
    hotline.agents.isDown = true;
    const form = { CallSid: phone.sid, Digits: '1' };
    const path = `/agent/key?call=${caller.sid}&offer=offer-1`;
    expect((await post(path, form)).status).toBe(503);
    hotline.agents.isDown = false;
    expect((await post(path, form)).body).toContain('<Conference');
    await caller.hangUp();
  });
});

describe('a recording', () => {
  test('is fetched only from the provider', async () => {
    const sid = newSid();
    await post('/call', incoming(sid));
    for (const [step, digit] of [
      ['language', '1'],
      ['reason', '1'],
      ['consent', '1'],
    ] as const)
      await key(sid, step, digit);
    await post('/call/wait-key', { ...incoming(sid), Digits: '2' });
    const elsewhere = {
      RecordingStatus: 'completed',
      RecordingDuration: '3',
      RecordingUrl: 'http://127.0.0.1:9/secret',
    };
    await post('/call/recorded', { ...incoming(sid), ...elsewhere });
    await post('/call/transcribed', { ...incoming(sid), TranscriptionStatus: 'failed' });
    const message = await until('the voicemail', () =>
      hotline.messages.find(
        ({ kind, conversationKey }) =>
          kind === MessageKind.MESSAGE_KIND_VOICEMAIL && conversationKey === `phone:${sid}`,
      ),
    );
    expect(message).toMatchObject({
      text: 'Voicemail of 3 s.',
      attachments: [],
      refusals: [{ what: 'recording.mp3', reason: expect.stringContaining("not one of the provider's hosts") }],
    });
  });

  test('that cannot be fetched just now is fetched later, and the message waits for it', async () => {
    const caller = await hotline.waiting();
    await caller.press('2');
    caller.say('my kettle leaks');
    hotline.twilio.behave('down');
    await caller.press('#');
    await until('a try', () => hotline.isBeingTold(caller));
    expect((await hotline.told(caller, 1)).length).toBe(1);
    hotline.twilio.behave('well');
    const [, voicemail] = await until('the voicemail', async () => {
      await hotline.clock.advance(10_000);
      const told = await hotline.told(caller, 1);
      return told.length === 2 && told;
    });
    expect(await hotline.readBlob(voicemail?.attachments[0]?.blob?.key ?? '')).toContain('my kettle leaks');
  });

  test('that does not come within ten minutes after the call is said to be missing, and the call is told of', async () => {
    const caller = await hotline.waiting();
    const { phone } = await hotline.offer(caller);
    await phone.answer();
    await phone.press('1');
    await hotline.twilio.voice.settled();
    // The end is heard of, the recording never.
    await post('/status', { CallSid: caller.sid, CallStatus: 'completed' });
    expect(hotline.messages.filter(({ conversationKey }) => conversationKey.endsWith(caller.sid)).length).toBe(1);
    const [, ended] = await until('the end', async () => {
      await hotline.clock.advance(60_000);
      const found = hotline.messages.filter(({ conversationKey }) => conversationKey.endsWith(caller.sid));
      return found.length === 2 && found;
    });
    expect(ended).toMatchObject({
      call: { outcome: CallOutcome.CALL_OUTCOME_ANSWERED },
      refusals: [{ what: 'the recording', reason: 'the provider did not send it in time' }],
    });
  });
});

describe('a policy', () => {
  test('without questions puts the caller into the queue at once', async () => {
    await using folder = await policyFile((policy) => ({
      ...policy,
      languages: [policy.languages[0]],
      reasons: [],
      record_calls: 'never',
    }));
    await using quick = await Hotline.open({ voicePolicy: folder.path });
    const caller = await quick.call();
    expect(caller.at).toBe('Enqueue');
    expect((await quick.told(caller, 1))[0]?.text).toBe('Calling us.');
  });

  test('with opening hours asks callers outside of them for a message', async () => {
    await using folder = await policyFile((policy) => ({
      ...policy,
      hours: { time_zone: 'Europe/Berlin', open: [{ weekdays: [1, 2, 3, 4, 5], from: '12:00', to: '18:00' }] },
    }));
    await using closed = await Hotline.open({ voicePolicy: folder.path });
    const caller = await closed.call('+491709999999', '1');
    expect(caller.heard.at(-1)).toContain('We are not at the telephone right now');
    caller.say('call me tomorrow');
    await caller.hangUp();
    const told = await closed.told(caller, 1);
    expect(told).toMatchObject([{ kind: MessageKind.MESSAGE_KIND_VOICEMAIL, text: 'call me tomorrow' }]);
    await closed.clock.advance(2 * 3_600_000 + 60_000);
    const later = await closed.call('+491709999999');
    expect(later.heard.at(-1)).toContain('For a device that is broken');
  });

  test('may play recordings instead of saying texts', async () => {
    await using folder = await policyFile((policy) => {
      const [first] = policy.languages as [{ prompts: object }];
      const prompts = { ...first.prompts, reason: { play: 'https://example.org/menu.mp3' } };
      return { ...policy, languages: [{ ...first, prompts }] };
    });
    await using recorded = await Hotline.open({ voicePolicy: folder.path });
    expect((await recorded.call()).heard).toEqual(['https://example.org/menu.mp3']);
  });

  test('that is none stops the start with file, line and reason', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'policy-'));
    const path = join(folder, 'broken.yaml');
    await writeFile(path, 'version: x\nlanguages: []\nrecord_calls: maybe\n');
    await expect(Hotline.open({ voicePolicy: path })).rejects.toThrow(
      new RegExp(
        `${path}:2:12: languages: must hold at least one language[\\s\\S]*:3:15: record_calls: must be ask or never`,
      ),
    );
    await rm(folder, { recursive: true });
  });
});

test('a caller for whom the queue has no room is asked for a message', async () => {
  await using full = await Hotline.open({ maxQueueSize: 1 });
  const first = await full.waiting();
  const second = await full.waiting();
  expect([first.at, second.at]).toEqual(['Enqueue', 'Record']);
  await second.hangUp();
});

test('a call of which all is told is forgotten when its time has come, one that is still to be told is not', async () => {
  await using docStore = await openEmbeddedStore({ folder: ':memory:' });
  const { calls } = await openCalls(docStore);
  const facts = { account: hotlineNumber, from: '', country: '', language: 'en' };
  const over = { ...incomingCall({ ...facts, id: 'CA1' }, 0), step: 'ended', told: true } as const;
  await calls.begin(over);
  await calls.begin({ ...over, id: 'CA2', step: 'voicemail', told: false });
  const messages: unknown[] = [];
  const inbox = { accept: async (message: unknown) => void messages.push(message) };
  const dependencies = {
    calls,
    inbox,
    policy: readVoicePolicy(),
    now: () => 1,
    nudge: () => {},
  } as unknown as VoiceDependencies;
  for (const id of ['CA1', 'CA2', 'CA1']) await advanceCall(id, { type: 'due' }, dependencies);
  expect([await calls.find('CA1'), (await calls.find('CA2'))?.value.told]).toEqual([undefined, true]);
});
