import type { Service } from '@tributary/runtime';
import { startTelegramSimulator } from '@tributary/testing/simulators/telegram';
import { startTwilioSimulator } from '@tributary/testing/simulators/twilio';
import { startWechatSimulator } from '@tributary/testing/simulators/wechat';

/** Providers of this machine alone, for the channels that otherwise need an account somewhere. */
export interface Simulators extends Service {
  /** What the services must be told to talk to them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where each is, by its provider's name. */
  readonly urls: Readonly<Record<string, string>>;
}

/**
 * Starts a simulator for each provider of which the environment names no accounts.
 * @param phoneUrl Where the telephone gateway will be, without a slash at its end.
 * @param socialUrl The same of the social gateway.
 */
export async function startSimulators(
  environment: Readonly<Record<string, string | undefined>>,
  phoneUrl: string,
  socialUrl: string,
): Promise<Simulators> {
  const { TWILIO_ACCOUNTS, SOCIAL_ACCOUNTS } = environment;
  const twilio = TWILIO_ACCOUNTS ? undefined : await simulateTwilio(phoneUrl);
  const social = SOCIAL_ACCOUNTS ? undefined : await simulateSocial(socialUrl);
  return {
    environment: {
      ...(twilio && { TWILIO_ACCOUNTS: JSON.stringify([twilio.account]) }),
      ...(social && { SOCIAL_ACCOUNTS: JSON.stringify(social.accounts) }),
    },
    urls: { ...(twilio && { twilio: twilio.simulator.url }), ...social?.urls },
    start: async () => {},
    async stop() {
      await Promise.all([twilio?.simulator[Symbol.asyncDispose](), social?.stop()]);
    },
    problems: () => [],
  };
}

/** One account with one number, which does everything. */
async function simulateTwilio(phoneUrl: string) {
  const account = { accountSid: `AC${'5'.repeat(32)}`, authToken: 'simulated' };
  // One of Twilio's own test numbers: nobody has it.
  const number = '+15005550006';
  const simulator = await startTwilioSimulator({
    accounts: [account],
    numbers: [
      {
        accountSid: account.accountSid,
        number,
        smsUrl: `${phoneUrl}/channels/sms/messages#rc=5&rp=all`,
        voiceUrl: `${phoneUrl}/channels/phone/voice/call#rc=3&rp=all`,
        voiceStatusUrl: `${phoneUrl}/channels/phone/voice/status#rc=3&rp=all`,
        whatsappUrl: `${phoneUrl}/channels/whatsapp/messages#rc=5&rp=all`,
      },
    ],
  });
  return {
    simulator,
    account: {
      account_sid: account.accountSid,
      auth_token: account.authToken,
      api_url: simulator.url,
      numbers: [{ number, channels: ['sms', 'whatsapp', 'phone'] }],
    },
  };
}

/** One account on each social platform. */
async function simulateSocial(socialUrl: string) {
  const telegram = await startTelegramSimulator();
  const wechat = await startWechatSimulator({ pushUrl: `${socialUrl}/channels/wechat/simulated` });
  const { appId, appSecret, token, encodingAesKey } = wechat;
  return {
    accounts: [
      { channel: 'telegram', name: 'simulated', mode: 'polling', token: telegram.token, apiUrl: telegram.url },
      { channel: 'wechat', name: 'simulated', appId, appSecret, token, encodingAesKey, apiUrl: wechat.url },
    ],
    urls: { telegram: telegram.url, wechat: wechat.url },
    async stop() {
      await Promise.all([telegram[Symbol.asyncDispose](), wechat[Symbol.asyncDispose]()]);
    },
  };
}
