import type { AgentApi } from '@tributary/contracts';
import type { ChannelSubject, CreateChannel, CustomerMessage, Provider } from '@tributary/gateway-kit/contract';
import { signedForm, startTwilioSimulator } from '@tributary/testing/simulators/twilio';
import { voice } from '../../src/voice/channel.ts';
import { ourNumber, twilio } from '../twilio-contract.ts';
import { policyFile } from './policies.ts';

/** A hotline that is always closed and speaks one language: whoever calls leaves a message. */
export const createChannel: CreateChannel = async (apiUrl, ground) => {
  await using policy = await policyFile(({ languages, ...rest }) => ({
    ...rest,
    ...{ languages: languages.slice(0, 1), reasons: [], hours: { time_zone: 'UTC', open: [] } },
  }));
  const numbers = [{ number: ourNumber, channels: ['phone' as const, 'sms' as const], messagesPerSecond: 50 }];
  const accounts = [{ ...twilio, apiUrl, numbers, region: undefined, edge: undefined }];
  // Nobody is rung.
  return voice.create(accounts, { ...ground, agents: {} as AgentApi, voicePolicyPath: policy.path });
};

const paths = '/channels/phone/voice';

async function startProvider(): Promise<Provider> {
  const simulator = await startTwilioSimulator({
    accounts: [twilio],
    numbers: [{ accountSid: twilio.accountSid, number: ourNumber }],
  });
  const recordings = new Map<string, string>();
  const call = (ourUrl: string, path: string, parameters: Readonly<Record<string, string>>) => ({
    method: 'POST' as const,
    path: paths + path,
    ...signedForm(twilio, ourUrl + paths + path, parameters),
  });
  const factsOf = ({ id, conversation }: CustomerMessage) => ({
    CallSid: `CA${id.padStart(32, '0')}`,
    From: `+4915112340${conversation}`,
    To: ourNumber,
    FromCountry: 'DE',
  });
  return {
    url: simulator.url,
    calls: {
      message: (message, ourUrl) => call(ourUrl, '/call', factsOf(message)),
      unknown: (ourUrl) => call(ourUrl, '/status', { CallSid: `CA${'9'.repeat(32)}`, CallStatus: 'levitating' }),
    },
    /** They call, speak after the tone, and hang up. */
    async write(message, ourUrl) {
      const facts = factsOf(message);
      const recording = recordings.get(message.id) ?? simulator.voice.keepRecording(twilio, message.text);
      recordings.set(message.id, recording);
      const said = { ...facts, RecordingUrl: recording };
      for (const [path, parameters] of [
        ['/call', facts],
        ['/call/recorded', { ...said, RecordingStatus: 'completed', RecordingDuration: '2' }],
        ['/call/transcribed', { ...said, TranscriptionStatus: 'completed', TranscriptionText: message.text }],
      ] as const) {
        const request = call(ourUrl, path, parameters);
        const response = await fetch(ourUrl + request.path, request);
        await response.arrayBuffer();
        if (response.status >= 400 && response.status < 500) throw new Error(`refused with ${response.status}`);
        if (!response.ok) return false;
      }
      return true;
    },
    received: () => simulator.messaging.sent().map(({ text }) => text),
    tries: () => simulator.posts,
    behave: (behaviour) => simulator.behave(behaviour),
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

/** Calls in, as messages left after the tone; out, the text messages by which callers are answered. */
export const voiceSubject: ChannelSubject = {
  module: import.meta.url,
  createChannel,
  startProvider,
  without: {
    'signed time': 'Twilio signs no time; a request held back is known again by its call’s SID',
    'one conversation': 'each call is a conversation of its own; ticketing brings a number’s calls together',
  },
};
