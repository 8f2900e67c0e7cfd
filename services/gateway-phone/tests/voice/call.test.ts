import { CallOutcome, MessageKind, OfferState, SignalKind } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Hotline, hotlineNumber } from './hotline.ts';

const music = expect.stringContaining('.mp3');
let hotline: Hotline;
beforeAll(async () => {
  hotline = await Hotline.open();
});
afterAll(async () => {
  expect(hotline.twilio.voice.problems).toEqual([]);
  await hotline[Symbol.asyncDispose]();
});

describe('a caller', () => {
  test('chooses language and reason, is asked whether to be recorded, and waits as a message that is already durable', async () => {
    const caller = await hotline.call('+491701234567', '2', '1', '1');
    expect(caller.at).toBe('Enqueue');
    const [message] = await hotline.told(caller, 1);
    expect(message).toMatchObject({
      channel: 'phone',
      account: hotlineNumber,
      conversationKey: `phone:${caller.sid}`,
      kind: MessageKind.MESSAGE_KIND_CALL,
      sender: { kind: 'phone', address: '+491701234567', verification: 2 },
      text: '正在来电。设备坏了',
      languageHint: 'zh',
      regionHint: 'DE',
      call: { outcome: 0, menuChoice: 'broken-device', outbound: false },
      receivedTime: new Date(hotline.clock.now()),
    });
    expect(caller.heard).toEqual([
      'Welcome. For English, press 1.',
      '您好，中文服务请按2。',
      expect.stringContaining('设备故障请按1'),
      expect.stringContaining('录音'),
      '您目前排在第1位。',
      expect.stringContaining('如需我们回电，请按1'),
      music,
    ]);
    await caller.hangUp();
  });

  test('who presses nothing, or what is not offered, is asked three times and then taken all the same, not recorded', async () => {
    const caller = await hotline.call('+491702222222');
    for (const key of ['', '7', '', '', '9', '8', '', '3', ''])
      await (key === '' ? caller.silence() : caller.press(key));
    expect(caller.at).toBe('Enqueue');
    const [message] = await hotline.told(caller, 1);
    expect(message).toMatchObject({ languageHint: 'en', call: { menuChoice: '' } });
    await caller.hangUp();
  });

  test('who called before is greeted in the language they chose then, and can change it', async () => {
    await (await hotline.call('+491703333333', '2')).hangUp();
    const again = await hotline.call('+491703333333');
    expect(again.heard).toEqual([expect.stringContaining('设备故障请按1')]);
    await again.press('*');
    await again.press('1');
    expect(again.heard.at(-1)).toContain('For a device that is broken, press 1');
    await again.hangUp();
  });

  test('who withholds their number is nobody known', async () => {
    for (const from of ['+266696687', 'anonymous', 'sip:someone@example.org']) {
      const caller = await hotline.waiting(from);
      const [message] = await hotline.told(caller, 1);
      expect(message?.sender).toMatchObject({ address: '', verification: 1 });
      await caller.hangUp();
    }
  });

  test('who waits hears their place and how long the last one waited', async () => {
    const first = await hotline.waiting();
    const second = await hotline.waiting();
    expect(second.heard).toContain('You are number 2 in the line.');
    await hotline.clock.advance(150_000);
    const { phone } = await hotline.offer(first);
    await phone.answer();
    await phone.press('1');
    await hotline.twilio.voice.settled();
    await second.silence();
    expect(second.heard.slice(-4)).toEqual([
      'You are number 1 in the line.',
      'We expect to take your call in about 3 minutes.',
      expect.any(String),
      music,
    ]);
    await first.hangUp();
    await second.hangUp();
  });

  test('who hangs up while waiting is told of as having left, with the time they waited', async () => {
    const caller = await hotline.waiting();
    await hotline.clock.advance(42_000);
    await caller.hangUp();
    const [, ended] = await hotline.told(caller, 2);
    expect(ended).toMatchObject({
      kind: MessageKind.MESSAGE_KIND_CALL,
      text: 'Hung up after waiting 42 s. To be called back.',
      call: { outcome: CallOutcome.CALL_OUTCOME_ABANDONED, waitSeconds: 42n, talkSeconds: 0n },
    });
    await until('the signal', () =>
      hotline.signals.some(
        ({ conversationKey, kind }) =>
          conversationKey === ended?.conversationKey && kind === SignalKind.SIGNAL_KIND_CUSTOMER_LEFT,
      ),
    );
  });

  test('who hangs up in the menu has waited for nobody and leaves nothing behind', async () => {
    const caller = await hotline.call('+491704444444', '1');
    await caller.hangUp();
    const waiting = await hotline.waiting();
    await hotline.told(waiting, 1);
    expect(hotline.messages.filter(({ conversationKey }) => conversationKey.includes(caller.sid))).toEqual([]);
    await waiting.hangUp();
  });

  test('can ask to be called back instead of waiting', async () => {
    const caller = await hotline.waiting();
    await hotline.clock.advance(20_000);
    await caller.press('1');
    expect([caller.status, caller.heard.at(-1)]).toEqual(['completed', 'Thank you. We will call you back. Goodbye.']);
    const [, callback] = await hotline.told(caller, 2);
    expect(callback).toMatchObject({
      text: 'Asks to be called back after waiting 20 s.',
      call: { outcome: CallOutcome.CALL_OUTCOME_CALLBACK_REQUESTED, waitSeconds: 20n },
    });
    await until('the signal', () =>
      hotline.signals.some(({ conversationKey }) => conversationKey.endsWith(caller.sid)),
    );
    expect((await hotline.told(caller, 2)).length).toBe(2);
  });

  test('can leave a message instead of waiting: its recording and what was said come to the ticket', async () => {
    const caller = await hotline.waiting();
    await caller.press('2');
    expect(caller.at).toBe('Record');
    caller.say('my kettle does not heat');
    await caller.press('#');
    expect([caller.status, caller.heard.at(-1)]).toEqual(['completed', 'Thank you for your call. Goodbye.']);
    const [, voicemail] = await hotline.told(caller, 2);
    expect(voicemail).toMatchObject({
      kind: MessageKind.MESSAGE_KIND_VOICEMAIL,
      text: 'my kettle does not heat',
      call: { outcome: CallOutcome.CALL_OUTCOME_VOICEMAIL },
      attachments: [{ name: 'recording.mp3', blob: { mediaType: 'audio/mpeg' } }],
    });
    expect(await hotline.readBlob(voicemail?.attachments[0]?.blob?.key ?? '')).toContain('my kettle does not heat');
  });

  test('who hangs up at the end of their message has left it all the same', async () => {
    const caller = await hotline.call('+491705555555', '2', '1', '1', '2');
    caller.say('水壶坏了');
    await caller.hangUp();
    const [, voicemail] = await hotline.told(caller, 2);
    // Nobody transcribes Chinese.
    expect(voicemail).toMatchObject({ text: '语音留言1秒。', attachments: [{}] });
  });

  test('who leaves an empty message after waiting is to be called back', async () => {
    const caller = await hotline.waiting();
    await caller.press('2');
    await caller.hangUp();
    const [, ended] = await hotline.told(caller, 2);
    expect(ended?.call?.outcome).toBe(CallOutcome.CALL_OUTCOME_ABANDONED);
  });

  test('who has waited as long as the policy allows is asked for a message', async () => {
    const caller = await hotline.waiting();
    await hotline.clock.advance(900_000);
    await caller.silence();
    expect([caller.at, caller.heard.at(-1)]).toEqual(['Record', expect.stringContaining('leave a message')]);
    await caller.hangUp();
  });
});

describe('an agent', () => {
  test('is rung, hears who calls and why, takes the call by a key, and both speak; it ends with its recording', async () => {
    const caller = await hotline.waiting('+491707777777');
    await hotline.clock.advance(8_000);
    const { offer, phone } = await hotline.offer(caller);
    expect([phone.to, phone.from]).toEqual(['+4930111', hotlineNumber]);
    await phone.answer();
    expect(phone.heard.at(-1)).toBe(
      'A call from 4 9 1 7 0 7 7 7 7 7 7 7. My device is broken. Press any key to take it.',
    );
    expect(caller.at).toBe('Enqueue');
    await phone.press('5');
    await hotline.twilio.voice.settled();
    expect(hotline.agents.accepted).toContain(offer.id);
    expect(hotline.twilio.voice.conferenceOf(caller)?.participants).toEqual([phone, caller]);
    caller.say('It smokes');
    phone.say('Unplug it');
    expect([phone.heard.at(-1), caller.heard.at(-1)]).toEqual(['It smokes', 'Unplug it']);
    await hotline.clock.advance(65_000);
    await caller.hangUp();
    const [, ended] = await hotline.told(caller, 2);
    expect(ended).toMatchObject({
      text: 'Call of 65 s.',
      call: { outcome: CallOutcome.CALL_OUTCOME_ANSWERED, waitSeconds: 8n, talkSeconds: 65n },
      attachments: [{ name: 'recording.mp3' }],
    });
    expect(await hotline.readBlob(ended?.attachments[0]?.blob?.key ?? '')).toContain('It smokes Unplug it');
    expect(phone.status).toBe('completed');
  });

  test('who was not agreed to be recorded is not recorded', async () => {
    const caller = await hotline.call('+491706666666', '1', '1', '2');
    const { phone } = await hotline.offer(caller);
    await phone.answer();
    await phone.press('1');
    await hotline.twilio.voice.settled();
    caller.say('keep this between us');
    await caller.hangUp();
    const [, ended] = await hotline.told(caller, 2);
    expect(ended).toMatchObject({ attachments: [], refusals: [], call: { outcome: 1 } });
  });

  test.each([
    ['busy', 'the telephone: busy'],
    ['no-answer', 'the telephone: no-answer'],
    ['failed', 'the telephone: failed'],
  ] as const)('whose telephone says %s declines the offer with that', async (outcome, reason) => {
    const caller = await hotline.waiting();
    const { offer, phone } = await hotline.offer(caller);
    await phone.end(outcome);
    expect(hotline.agents.declined).toContainEqual({ offerId: offer.id, reason });
    expect(caller.at).toBe('Enqueue');
    await caller.hangUp();
  });

  test('whose mailbox answers does not take the call', async () => {
    const caller = await hotline.waiting();
    const { offer, phone } = await hotline.offer(caller);
    await phone.answer();
    await phone.silence();
    expect(phone.status).toBe('completed');
    expect(hotline.agents.declined).toContainEqual({ offerId: offer.id, reason: 'answered and did not take the call' });
    await caller.hangUp();
  });

  test('without a telephone declines, and so does one whose address the provider refuses', async () => {
    const caller = await hotline.waiting();
    const none = await hotline.publishOffer(caller, { agentCallAddress: '' });
    const wrong = await hotline.publishOffer(caller, { agentCallAddress: 'tel:12' });
    await until('both to be declined', () =>
      [none, wrong].every(({ id }) => hotline.agents.declined.some(({ offerId }) => offerId === id)),
    );
    await caller.hangUp();
  });

  test.each([
    ['timed out', OfferState.OFFER_STATE_TIMED_OUT],
    ['was cancelled', OfferState.OFFER_STATE_CANCELLED],
  ])('whose offer %s is not rung any more', async (_, state) => {
    const caller = await hotline.waiting();
    const { offer, phone } = await hotline.offer(caller);
    await hotline.publishOffer(caller, { ...offer, state });
    await until('the telephone to stop', () => phone.status === 'canceled');
    const next = await hotline.offer(caller, { agentId: 'ada', agentCallAddress: 'sip:ada@example.org' });
    expect(next.phone.to).toBe('sip:ada@example.org');
    await caller.hangUp();
  });

  test('who presses the key too late hears so, and the caller waits on', async () => {
    const caller = await hotline.waiting();
    const { offer, phone } = await hotline.offer(caller);
    await phone.answer();
    hotline.agents.over.add(offer.id);
    await phone.press('1');
    expect([phone.status, phone.heard.at(-1)]).toEqual(['completed', 'This call is not waiting any more.']);
    expect(caller.at).toBe('Enqueue');
    await caller.hangUp();
  });

  test('who answers after the caller has left hears so and gets nothing', async () => {
    const caller = await hotline.waiting();
    const { offer, phone } = await hotline.offer(caller);
    await caller.hangUp();
    await phone.answer();
    expect([phone.status, phone.heard.at(-1)]).toEqual(['completed', 'This call is not waiting any more.']);
    expect(hotline.agents.accepted).not.toContain(offer.id);
  });

  test('is rung once though the offer comes twice', async () => {
    const caller = await hotline.waiting();
    const { offer } = await hotline.offer(caller);
    const before = hotline.twilio.voice.legs.length;
    await hotline.publishOffer(caller, offer);
    const other = await hotline.waiting('+491709999999');
    await hotline.offer(other);
    expect(hotline.twilio.voice.legs.length).toBe(before + 2);
    await caller.hangUp();
    await other.hangUp();
  });
});

describe('handing over', () => {
  test('a second agent joins the conversation, the first may leave, and it goes on', async () => {
    const caller = await hotline.waiting();
    const first = await hotline.offer(caller);
    await first.phone.answer();
    await first.phone.press('1');
    await hotline.twilio.voice.settled();
    const second = await hotline.offer(caller, { agentId: 'ada', agentCallAddress: 'client:ada' });
    await second.phone.answer();
    await second.phone.press('1');
    await hotline.twilio.voice.settled();
    first.phone.say('Ada will help you');
    expect([caller.heard.at(-1), second.phone.heard.at(-1)]).toEqual(['Ada will help you', 'Ada will help you']);
    await first.phone.hangUp();
    expect(caller.at).toBe('Conference');
    second.phone.say('Good morning');
    expect(caller.heard.at(-1)).toBe('Good morning');
    await second.phone.hangUp();
    await hotline.twilio.voice.settled();
    expect([caller.status, caller.heard.at(-1)]).toEqual(['completed', 'Thank you for your call. Goodbye.']);
    expect((await hotline.told(caller, 2))[1]?.call?.outcome).toBe(CallOutcome.CALL_OUTCOME_ANSWERED);
  });

  test('a caller whose agent leaves while the next one is rung hears music until that one is there', async () => {
    const caller = await hotline.waiting();
    const first = await hotline.offer(caller);
    await first.phone.answer();
    await first.phone.press('1');
    await hotline.twilio.voice.settled();
    const second = await hotline.offer(caller, { agentId: 'ada', agentCallAddress: 'client:ada' });
    await first.phone.hangUp();
    const conference = hotline.twilio.voice.conferenceOf(caller);
    expect([conference?.isOnHold(caller), caller.heard.at(-1)]).toEqual([true, music]);
    await second.phone.answer();
    await second.phone.press('1');
    await hotline.twilio.voice.settled();
    expect(conference?.isOnHold(caller)).toBe(false);
    second.phone.say('Here I am');
    expect(caller.heard.at(-1)).toBe('Here I am');
    await caller.hangUp();
  });
});
