import { startTwilioSimulator } from '@tributary/testing/simulators/twilio';
import type { SimulatedProvider } from './simulators.ts';

/** One account with one number, which does everything. */
export async function simulateTwilio(phoneUrl: string): Promise<SimulatedProvider> {
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
    name: 'twilio',
    url: simulator.url,
    simulator,
    account: {
      account_sid: account.accountSid,
      auth_token: account.authToken,
      api_url: simulator.url,
      numbers: [{ number, channels: ['sms', 'whatsapp', 'phone'] }],
    },
  };
}
