import type { Inbox, Webhook, WebhookAnswer, WebhookRequest } from '@tributary/gateway-kit';
import { agentScriptOf, conferenceOf, scriptOf, spelled, spoken, waitScriptOf } from '../domain/call-script.ts';
import { wantsAgent } from '../domain/decide-call.ts';
import type { OutboundCall } from '../domain/outbound-call.ts';
import type { Conference, Verb } from '../domain/twiml.ts';
import { languageOf } from '../domain/voice-policy.ts';
import { advanceCall } from '../usecases/advance-call.ts';
import { beginCall } from '../usecases/begin-call.ts';
import { advanceOutbound, ringCustomer } from '../usecases/call-customer.ts';
import { agentLegOver, takeCall } from '../usecases/offer-call.ts';
import type { VoiceDependencies } from '../usecases/voice-dependencies.ts';

export interface VoiceWebhooksOptions {
  verify(request: WebhookRequest): void;
  /** The form of a request, each parameter once. */
  form(request: WebhookRequest): Readonly<Record<string, string>>;
  toXml(verbs: readonly Verb[]): string;
  dependencies(inbox: Inbox): VoiceDependencies;
}

type Form = Readonly<Record<string, string>>;
type Handler = (form: Form, query: URLSearchParams, dependencies: VoiceDependencies) => Promise<readonly Verb[]>;

/** How a leg ended, of the statuses of https://www.twilio.com/docs/voice/api/call-resource#call-status-values. */
const finalStatuses: ReadonlySet<string> = new Set(['completed', 'busy', 'no-answer', 'failed', 'canceled']);

/** Every request that Twilio makes about calls. Whoever of our replicas gets one answers from the state that is stored. */
export function voiceWebhooks(options: VoiceWebhooksOptions): Webhook[] {
  return Object.entries({ ...callerHandlers, ...agentHandlers, ...outboundHandlers }).map(([path, handler]) => ({
    method: 'POST',
    path: `/voice${path}`,
    verify: (request) => options.verify(request),
    async receive(request, inbox): Promise<WebhookAnswer> {
      const verbs = await handler(options.form(request), request.query, options.dependencies(inbox));
      return { contentType: 'text/xml; charset=utf-8', body: options.toXml(verbs) };
    },
  }));
}

const nothing: readonly Verb[] = [];

/** The customer's leg. Each answer is what the call's state says, so that a repeat gets the same. */
const callerHandlers: Readonly<Record<string, Handler>> = {
  /** "A call comes in" of the number. */
  async '/call'(form, _, dependencies) {
    const call = await beginCall(form, dependencies);
    return scriptOf(call, dependencies.policy);
  },
  /** "Call status changes" of the number: known of hang-ups that nothing else tells of. */
  async '/status'({ CallSid = '', CallStatus = '' }, _, dependencies) {
    if (finalStatuses.has(CallStatus)) await advanceCall(CallSid, { type: 'hungUp' }, dependencies);
    return nothing;
  },
  async '/call/key'({ CallSid = '', Digits = '' }, query, dependencies) {
    const { step = '', tries = '' } = Object.fromEntries(query);
    const event = { type: 'key', step, tries: Number(tries), digit: Digits } as const;
    return script(await advanceCall(CallSid, event, dependencies), dependencies);
  },
  async '/call/wait'({ CallSid = '', QueuePosition = '1' }, _, dependencies) {
    const call = await advanceCall(CallSid, { type: 'waits' }, dependencies);
    if (call === undefined) return [{ verb: 'leave' }];
    const estimateSeconds = await dependencies.waits.recent(call.account);
    return waitScriptOf(call, dependencies.policy, { position: Number(QueuePosition), estimateSeconds });
  },
  async '/call/wait-key'({ CallSid = '', Digits = '' }, _, dependencies) {
    const event = { type: 'key', step: 'waiting', tries: 0, digit: Digits } as const;
    const call = await advanceCall(CallSid, event, dependencies);
    return call?.step === 'waiting' ? [{ verb: 'redirect', to: '/call/wait' }] : [{ verb: 'leave' }];
  },
  /** https://www.twilio.com/docs/voice/twiml/enqueue#queueresult-values */
  async '/call/left-queue'({ CallSid = '', QueueResult = '' }, _, dependencies) {
    if (QueueResult === 'hangup') await advanceCall(CallSid, { type: 'hungUp' }, dependencies);
    else if (QueueResult === 'leave') return script((await dependencies.calls.find(CallSid))?.value, dependencies);
    else if (QueueResult === 'queue-full' || QueueResult.endsWith('error')) {
      return script(await advanceCall(CallSid, { type: 'queueFull' }, dependencies), dependencies);
    }
    // Taken out by us, to speak with an agent: what was said then counts.
    return nothing;
  },
  async '/call/message-left'({ CallSid = '' }, _, dependencies) {
    const call = (await dependencies.calls.find(CallSid))?.value;
    // The recording itself may come a moment later; the caller need not wait for it.
    return script(call && { ...call, step: 'recorded' }, dependencies);
  },
  async '/call/recorded'(form, _, dependencies) {
    return recorded(form.CallSid ?? '', form, dependencies);
  },
  async '/call/transcribed'({ CallSid = '', TranscriptionStatus = '', TranscriptionText = '' }, _, dependencies) {
    const text = TranscriptionStatus === 'completed' ? TranscriptionText : '';
    await advanceCall(CallSid, { type: 'transcribed', text }, dependencies);
    return nothing;
  },
  /** https://www.twilio.com/docs/voice/twiml/conference#attributes-statusCallback */
  async '/conference'({ StatusCallbackEvent, CallSid = '', ConferenceSid = '' }, query, dependencies) {
    const id = query.get('call') ?? '';
    if (ConferenceSid !== '') await advanceCall(id, { type: 'conference', conference: ConferenceSid }, dependencies);
    if (StatusCallbackEvent === 'conference-end' || (StatusCallbackEvent === 'participant-leave' && CallSid === id)) {
      await advanceCall(id, { type: 'hungUp' }, dependencies);
    } else if (StatusCallbackEvent === 'participant-leave') {
      await advanceCall(id, { type: 'agentLeft', callId: CallSid, offerId: '' }, dependencies);
    }
    return nothing;
  },
  async '/conference/recorded'(form, query, dependencies) {
    return recorded(query.get('call') ?? '', form, dependencies);
  },
};

const agentHandlers: Readonly<Record<string, Handler>> = {
  async '/agent'(_, query, dependencies) {
    const call = (await dependencies.calls.find(query.get('call') ?? ''))?.value;
    if (call === undefined || !wantsAgent(call)) return tooLate(dependencies);
    return agentScriptOf(call, dependencies.policy, query.get('offer') ?? '');
  },
  async '/agent/key'({ CallSid = '', Digits = '' }, query, dependencies) {
    // Nobody pressed a key: the end of this leg declines the offer.
    if (Digits === '') return [{ verb: 'hangup' }];
    const call = await takeCall(query.get('call') ?? '', query.get('offer') ?? '', CallSid, dependencies);
    return call === undefined ? tooLate(dependencies) : [conferenceOf(call, dependencies.policy, false)];
  },
  async '/agent/status'({ CallStatus = '' }, query, dependencies) {
    if (finalStatuses.has(CallStatus)) {
      await agentLegOver(query.get('call') ?? '', query.get('offer') ?? '', CallStatus, dependencies);
    }
    return nothing;
  },
};

const outboundHandlers: Readonly<Record<string, Handler>> = {
  async '/outbound/agent'(_, query, dependencies) {
    const call = (await dependencies.outboundCalls.find(query.get('call') ?? ''))?.value;
    if (call === undefined || call.step === 'over') return tooLate(dependencies);
    return [
      {
        verb: 'gather',
        action: `/outbound/agent/key?call=${call.id}`,
        timeoutSeconds: 10,
        content: [spoken(languageOf(dependencies.policy, call.language), 'agent_dial', { number: spelled(call.to) })],
      },
    ];
  },
  async '/outbound/agent/key'({ Digits = '' }, query, dependencies) {
    if (Digits === '') return [{ verb: 'hangup' }];
    const call = await ringCustomer(query.get('call') ?? '', dependencies);
    return call === undefined ? tooLate(dependencies) : [roomOf(call, dependencies)];
  },
  async '/outbound/customer'(_, query, dependencies) {
    const call = await advanceOutbound(query.get('call') ?? '', { type: 'customerAnswered' }, dependencies);
    return call?.step === 'talking' ? [roomOf(call, dependencies)] : [{ verb: 'hangup' }];
  },
  async '/outbound/status'({ CallStatus = '' }, query, dependencies) {
    if (!finalStatuses.has(CallStatus)) return nothing;
    const leg = query.get('leg') === 'customer' ? 'customer' : 'agent';
    await advanceOutbound(query.get('call') ?? '', { type: 'legOver', leg, status: CallStatus }, dependencies);
    return nothing;
  },
  /** Both ends are followed by their own status. */
  '/outbound/conference': async () => nothing,
};

function script(call: Parameters<typeof scriptOf>[0] | undefined, { policy }: VoiceDependencies): readonly Verb[] {
  return call === undefined ? [{ verb: 'hangup' }] : scriptOf(call, policy);
}

function tooLate({ policy }: VoiceDependencies): readonly Verb[] {
  return [spoken(languageOf(policy, ''), 'agent_too_late'), { verb: 'hangup' }];
}

/** Where agent and customer meet; it ends with either of them. */
function roomOf({ id }: OutboundCall, { policy }: VoiceDependencies): Conference {
  return {
    verb: 'conference',
    name: id,
    endsConference: true,
    events: '/outbound/conference',
    music: policy.music[0] ?? '',
  };
}

/** https://www.twilio.com/docs/voice/twiml/record#recordingstatuscallback */
async function recorded(id: string, form: Form, dependencies: VoiceDependencies): Promise<readonly Verb[]> {
  const { RecordingStatus, RecordingUrl = '', RecordingDuration = '0' } = form;
  const isThere = RecordingStatus === 'completed';
  const recording = { url: isThere ? RecordingUrl : '', seconds: isThere ? Number(RecordingDuration) || 0 : 0 };
  await advanceCall(id, { type: 'recorded', recording }, dependencies);
  return nothing;
}
