import type { ChannelSubject, CreateChannel, Provider, ProviderRequest } from '@tributary/gateway-kit/contract';
import { signedForm, startTwilioSimulator } from '@tributary/testing/simulators/twilio';
import type { Medium } from '../src/messaging/medium.ts';
import { createMessagingChannel } from '../src/messaging/messaging-channel.ts';

export const twilio = { accountSid: `AC${'0'.repeat(31)}1`, authToken: 'a token that only both know' };
export const ourNumber = '+15005550006';

/** A messaging channel with one number of an account at this address. */
export function createChannelOf(medium: Medium): CreateChannel {
  return (apiUrl, ground) => {
    // The contract's waits are for passing faults, not for the pace of one number.
    const number = { number: ourNumber, channels: [medium.channel], messagesPerSecond: 50 };
    return createMessagingChannel(
      medium,
      [{ ...twilio, apiUrl, numbers: [number], region: undefined, edge: undefined }],
      ground,
    );
  };
}

/** The contract's provider played by the simulator. */
export function subjectOf(medium: Medium, module: string): ChannelSubject {
  const call = (ourUrl: string, parameters: Readonly<Record<string, string>>): ProviderRequest => {
    const path = `/channels/${medium.channel}/messages`;
    return { method: 'POST', path, ...signedForm(twilio, ourUrl + path, parameters) };
  };
  const mark = medium.prefix;

  async function startProvider(): Promise<Provider> {
    const simulator = await startTwilioSimulator({
      accounts: [twilio],
      numbers: [{ accountSid: twilio.accountSid, number: ourNumber }],
    });
    return {
      url: simulator.url,
      calls: {
        message: ({ id, conversation, text }, ourUrl) =>
          call(
            ourUrl,
            simulator.messaging.receive(medium.channel, {
              ...{ from: `+4915112340${conversation}`, to: ourNumber, text },
              parameters: { MessageSid: `SM${id.padStart(32, '0')}` },
            }),
          ),
        unknown: (ourUrl) =>
          call(ourUrl, { EventType: 'weather', From: `${mark}+4915112340501`, To: mark + ourNumber }),
      },
      received: () => simulator.messaging.sent().map(({ text }) => text),
      tries: () => simulator.posts,
      behave: (behaviour) => simulator.behave(behaviour),
      [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
    };
  }
  const without = { 'signed time': 'Twilio signs no time; a request held back is known again by its message’s SID' };
  return { module, createChannel: createChannelOf(medium), startProvider, without };
}
