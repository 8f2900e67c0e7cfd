import { type Leg, signedForm, startTwilioSimulator } from '@tributary/testing/simulators/twilio';
import { type PlayedChannel, post } from './provider.ts';

/** Telephones of customers and agents. */
export interface Telephones {
  /** Somebody calls, whom nobody knows yet. Resolves when they are asked something; the call may have failed, too. */
  call(): Promise<Leg>;
  /** Telephones of agents that ring now. */
  ringing(): readonly Leg[];
}

/** Twilio with one number of ours that does everything. */
export interface PlayedTwilio extends AsyncDisposable {
  /** As in `TWILIO_ACCOUNTS`. */
  readonly account: object;
  readonly sms: PlayedChannel;
  readonly whatsapp: PlayedChannel;
  readonly telephones: Telephones;
  /** Texts that reached callers. */
  textsToCallers(): readonly string[];
}

const number = '+15005550006';
const numbersOf = { sms: '+49151', whatsapp: '+49171', callers: '+49161' } as const;

/** @param gateway Address of gateway-phone, once it is known. */
export async function playTwilio(gateway: () => string): Promise<PlayedTwilio> {
  const twilioAccount = { accountSid: `AC${'8'.repeat(32)}`, authToken: 'simulated' };
  const { accountSid, authToken } = twilioAccount;
  const twilio = await startTwilioSimulator({ accounts: [twilioAccount], numbers: [{ accountSid, number }] });
  let callers = 0;

  function textsBy(medium: 'sms' | 'whatsapp', prefix: string): PlayedChannel {
    return {
      write(customer, text) {
        const from = `${prefix}${10_000_000 + customer}`;
        const parameters = twilio.messaging.receive(medium, { from, to: number, text });
        return {
          providerId: parameters['MessageSid'] ?? '',
          give() {
            const url = `${gateway()}/channels/${medium}/messages`;
            const { headers, body } = signedForm(twilioAccount, url, parameters);
            return post(url, headers, body);
          },
        };
      },
      arrivals: () => textsTo(medium, prefix),
    };
  }

  const textsTo = (medium: 'sms' | 'whatsapp', prefix: string) =>
    twilio.messaging
      .sent()
      .filter((message) => message.medium === medium && message.to.startsWith(prefix))
      .map(({ text }) => text);

  return {
    account: {
      ...{ account_sid: accountSid, auth_token: authToken, api_url: twilio.url },
      numbers: [{ number, channels: ['sms', 'whatsapp', 'phone'], messages_per_second: 100 }],
    },
    sms: textsBy('sms', numbersOf.sms),
    whatsapp: textsBy('whatsapp', numbersOf.whatsapp),
    telephones: {
      async call() {
        const voice = `${gateway()}/channels/phone/voice`;
        const again = '#rc=3&rp=all';
        const urls = { voiceUrl: `${voice}/call${again}`, voiceStatusUrl: `${voice}/status${again}` };
        twilio.configure({ accountSid, number, ...urls });
        return twilio.voice.call(`${numbersOf.callers}${10_000_000 + ++callers}`, number, {
          FromCountry: 'DE',
        });
      },
      ringing: () => twilio.voice.ringing(),
    },
    textsToCallers: () => textsTo('sms', numbersOf.callers),
    [Symbol.asyncDispose]: () => twilio[Symbol.asyncDispose](),
  };
}
