import { randomBytes } from 'node:crypto';
import { startTelegramSimulator } from '@tributary/testing/simulators/telegram';
import { signedForm, startTwilioSimulator } from '@tributary/testing/simulators/twilio';
import { startWebhookSimulator } from '@tributary/testing/simulators/webhook';
import type { Arrival } from './history.ts';
import type { GatewayAddresses } from './system.ts';

/** The channels of the simulated providers. */
export const providerChannels = ['webhook', 'sms', 'whatsapp', 'telegram'] as const;
export type ProviderChannel = (typeof providerChannels)[number];

/** One message of a customer, as its provider brings it. */
export interface ProviderMessage {
  /** As in `Entry.provider_message_id`. */
  readonly providerId: string;
  /** Brings it, once. Resolves with why Tributary did not acknowledge it; undefined when it did. */
  give(): Promise<string | undefined>;
}

/** Simulated providers in a process that is not killed: they remember what they accepted. */
export interface Providers extends AsyncDisposable {
  /** What Tributary must be told to talk to them. */
  readonly environment: Readonly<Record<string, string>>;
  /** A customer writes. @param customer A number; the same one is the same person, and one conversation. */
  write(channel: ProviderChannel, customer: number, text: string): ProviderMessage;
  /** What reached customers so far, oldest first within each channel. */
  arrivals(): Arrival[];
}

const number = '+15005550006';
const giveTimeoutMs = 10_000;

class RefusedForGood extends Error {}

/** @param gateways Where they are, once they are known. */
export async function startProviders(gateways: () => GatewayAddresses): Promise<Providers> {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const twilioAccount = { accountSid: `AC${'8'.repeat(32)}`, authToken: 'simulated' };
  const platform = await startWebhookSimulator({ secret, account: 'platform' });
  const telegram = await startTelegramSimulator();
  const twilio = await startTwilioSimulator({
    accounts: [twilioAccount],
    numbers: [{ accountSid: twilioAccount.accountSid, number }],
  });
  let platformMessages = 0;

  /** @throws when it is refused for good. */
  async function post(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<string | undefined> {
    const signal = AbortSignal.timeout(giveTimeoutMs);
    try {
      const response = await fetch(url, { method: 'POST', headers, body, signal });
      const text = await response.text().catch(() => '');
      if (response.status < 400 || response.status >= 500) return response.ok ? undefined : String(response.status);
      throw new RefusedForGood(`${url} answered ${response.status} ${text}`);
    } catch (error) {
      if (error instanceof RefusedForGood) throw error;
      const { name, cause } = error as { name: string; cause?: { code?: string } };
      return cause?.code ?? name;
    }
  }

  const writes: Record<ProviderChannel, (customer: number, text: string) => ProviderMessage> = {
    webhook(customer, text) {
      const id = `m-${++platformMessages}`;
      const sender = { id: `customer-${customer}`, name: 'Mei' };
      const document = { type: 'message.created', id, conversation: `c-${customer}`, sender, text };
      return {
        providerId: id,
        give() {
          const { path, headers, body } = platform.request(document, `msg-${id}`, Date.now());
          return post(gateways().socialUrl + path, headers, body);
        },
      };
    },
    sms: (customer, text) => writeText('sms', `+49151${10_000_000 + customer}`, text),
    whatsapp: (customer, text) => writeText('whatsapp', `+49171${10_000_000 + customer}`, text),
    telegram(customer, text) {
      const { chat, message_id } = telegram.write({ id: customer, first_name: 'Mei' }, { text });
      const isOurs = ({ message }: { readonly [kind: string]: unknown }) =>
        (message as { message_id?: number; chat?: { id: number } } | undefined)?.message_id === message_id &&
        (message as { chat?: { id: number } }).chat?.id === chat.id;
      // Telegram keeps it until it is confirmed.
      return {
        providerId: `${chat.id}/${message_id}`,
        give: async () => (telegram.unconfirmed.some(isOurs) ? 'not fetched' : undefined),
      };
    },
  };

  function writeText(medium: 'sms' | 'whatsapp', from: string, text: string): ProviderMessage {
    const parameters = twilio.messaging.receive(medium, { from, to: number, text });
    return {
      providerId: parameters['MessageSid'] ?? '',
      give() {
        const url = `${gateways().phoneUrl}/channels/${medium}/messages`;
        const { headers, body } = signedForm(twilioAccount, url, parameters);
        return post(url, headers, body);
      },
    };
  }

  return {
    environment: {
      TWILIO_ACCOUNTS: JSON.stringify([
        {
          account_sid: twilioAccount.accountSid,
          auth_token: twilioAccount.authToken,
          api_url: twilio.url,
          numbers: [{ number, channels: ['sms', 'whatsapp'], messages_per_second: 100 }],
        },
      ]),
      SOCIAL_ACCOUNTS: JSON.stringify([
        {
          ...{ channel: 'webhook', name: 'platform', verifyWith: [secret], signWith: [secret] },
          ...{ url: platform.url, allowPrivateAddress: true },
        },
        { channel: 'telegram', name: 'bot', mode: 'polling', token: telegram.token, apiUrl: telegram.url },
      ]),
    },
    write: (channel, customer, text) => writes[channel](customer, text),
    arrivals: () => [
      ...platform.replies.map(({ text }) => ({ channel: 'webhook', text })),
      ...twilio.messaging.sent().map(({ medium, text }) => ({ channel: medium, text })),
      ...telegram.received().map(({ text }) => ({ channel: 'telegram', text })),
    ],
    async [Symbol.asyncDispose]() {
      for (const simulator of [platform, telegram, twilio]) await simulator[Symbol.asyncDispose]();
    },
  };
}
