import { type Signal, SignalKind } from '@tributary/contracts';
import { type Call, type CallEvent, type Effect, isForgettable } from '../domain/call.ts';
import { conferenceOf, spoken } from '../domain/call-script.ts';
import { decideCall } from '../domain/decide-call.ts';
import { languageOf } from '../domain/voice-policy.ts';
import { CallGoneError } from '../ports.ts';
import { conversationKeyOf, messageOf } from './call-messages.ts';
import type { VoiceDependencies } from './voice-dependencies.ts';

/**
 * Lets an event happen to a call: what it causes is done first, then the new state is written, on condition that the call is
 * still as it was read. A repeat, also at another replica, finds it done; after a crash in between the provider's repeat
 * does it again, which everything it causes can bear.
 * @returns the call afterwards; undefined when there is no such call.
 */
export async function advanceCall(
  id: string,
  event: CallEvent,
  dependencies: VoiceDependencies,
): Promise<Call | undefined> {
  for (;;) {
    const stored = await dependencies.calls.find(id);
    if (stored === undefined) return undefined;
    const { call, effects } = decideCall(stored.value, event, dependencies.policy, dependencies.now());
    if (call === stored.value) {
      if (event.type === 'due' && isForgettable(call)) await dependencies.calls.forget(id);
      return call;
    }
    try {
      for (const effect of effects) await perform(effect, call, dependencies);
    } catch (error) {
      if (!(error instanceof CallGoneError) || event.type === 'hungUp') throw error;
      // The caller left, and nobody told us.
      return advanceCall(id, { type: 'hungUp' }, dependencies);
    }
    if (await dependencies.calls.replace(call, stored.revision)) {
      if (call.dueAtMs <= dependencies.now()) dependencies.nudge();
      return call;
    }
  }
}

async function perform(effect: Effect, call: Call, dependencies: VoiceDependencies): Promise<void> {
  const { inbox, telephony, policy, callers, waits, now } = dependencies;
  switch (effect.type) {
    case 'tell':
      return inbox.accept(await messageOf(effect.message, call, dependencies));
    case 'signalLeft': {
      const signal: Signal = {
        conversationKey: conversationKeyOf(call),
        channel: 'phone',
        ticketId: '',
        kind: SignalKind.SIGNAL_KIND_CUSTOMER_LEFT,
        fromAgent: false,
        authorName: '',
        time: new Date(now()),
      };
      return inbox.signal(signal);
    }
    case 'rememberLanguage':
      return callers.rememberLanguage(call.from, effect.language);
    case 'connect':
      return telephony.redirect(call.account, call.id, [conferenceOf(call, policy, true)]);
    case 'hold':
      return telephony.hold(call.account, call.conference, call.id, effect.on, policy.music[0] ?? '');
    case 'sayGoodbye':
      return telephony.redirect(call.account, call.id, [
        spoken(languageOf(policy, call.language), 'goodbye'),
        { verb: 'hangup' },
      ]);
    case 'noteWait':
      return waits.note(call.account, effect.seconds);
  }
}
