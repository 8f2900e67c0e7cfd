import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readVoicePolicy } from '../../../src/voice/adapters/voice-policy-file.ts';
import { type Call, type CallEvent, type Effect, hasAgent, incomingCall } from '../../../src/voice/domain/call.ts';
import { decideCall } from '../../../src/voice/domain/decide-call.ts';

const policy = readVoicePolicy();
const start = Date.parse('2026-05-01T08:00:00Z');
const offerId = fc.constantFrom('o1', 'o2');
const event: fc.Arbitrary<CallEvent> = fc.oneof(
  fc.record({
    type: fc.constant('key' as const),
    step: fc.constantFrom('language', 'reason', 'consent', 'waiting'),
    tries: fc.constantFrom(0, 0, 0, 1),
    digit: fc.constantFrom('1', '1', '2', '7', '*', ''),
  }),
  fc.constantFrom<CallEvent>({ type: 'begun' }, { type: 'waits' }, { type: 'queueFull' }, { type: 'due' }),
  fc.constant({ type: 'hungUp' as const }),
  fc.record({ type: fc.constant('offered' as const), offerId, agentId: fc.constant('grace') }),
  offerId.map((id) => ({ type: 'taken' as const, offerId: id, callId: `leg of ${id}` })),
  offerId.map((id) => ({ type: 'agentLeft' as const, offerId: id, callId: '' })),
  fc.constantFrom('', 'https://api.twilio.com/RE1').map((url) => ({
    type: 'recorded' as const,
    recording: { url, seconds: url === '' ? 0 : 5 },
  })),
  fc.constant({ type: 'transcribed' as const, text: 'words' }),
);

test('whatever comes in whatever order: each message is told once, one end at most, and a repeat changes nothing', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      let call: Call = incomingCall({ id: 'CA1', account: '+49', from: '+49170', country: '', language: '' }, start);
      const told: string[] = [];
      const allEffects: Effect[] = [];
      let nowMs = start;
      for (const each of [{ type: 'begun' } as const, ...events]) {
        nowMs += 1000;
        const { call: next, effects } = decideCall(call, each, policy, nowMs);
        const again = decideCall(next, each, policy, nowMs);
        // A key is told apart by the question; asking once more is another question.
        if (each.type !== 'key' && each.type !== 'due') expect(again.effects).toEqual([]);
        for (const effect of effects) if (effect.type === 'tell') told.push(effect.message);
        allEffects.push(...effects);
        call = next;
        if (hasAgent(call) && call.step === 'talking') expect(call.answeredAtMs).toBeDefined();
      }
      expect(new Set(told).size).toBe(told.length);
      expect(told.filter((message) => message !== 'waiting').length).toBeLessThanOrEqual(1);
      // Whoever waited was announced, before anything else was told of them.
      if (call.waitingSinceMs !== undefined) expect(told[0]).toBe('waiting');
      expect(allEffects.filter(({ type }) => type === 'connect').length).toBeLessThanOrEqual(1);
      // Every wait has an end that is told, at the latest when its time has come.
      for (let i = 0; i < 3; i++) {
        const { call: next, effects } = decideCall(call, { type: 'due' }, policy, nowMs + 6 * 3_600_000);
        for (const effect of effects) if (effect.type === 'tell') told.push(effect.message);
        call = next;
      }
      if (call.waitingSinceMs !== undefined) expect(told.length).toBe(2);
    }),
    { numRuns: 500 },
  );
});
