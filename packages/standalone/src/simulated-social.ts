import { randomBytes } from 'node:crypto';
import { startWebhookSimulator } from '@tributary/testing/simulators/webhook';
import { startWeiboSimulator } from '@tributary/testing/simulators/weibo';
import type { SimulatedProvider } from './simulators.ts';

/** A platform of one's own, joined by the generic webhook. */
export async function simulatePlatform(gatewayUrl: string): Promise<SimulatedProvider> {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const simulator = await startWebhookSimulator({ secret, account: 'simulated', gateway: () => gatewayUrl });
  const account = {
    channel: 'webhook',
    name: 'simulated',
    verifyWith: [secret],
    signWith: [secret],
    url: simulator.url,
    allowPrivateAddress: true,
  };
  return { name: 'webhook', url: simulator.simulatorUrl, simulator, account };
}

export async function simulateWeibo(gatewayUrl: string): Promise<SimulatedProvider> {
  const [appSecret, accessToken] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  const us = { uid: '1902538057', name: 'Tributary' };
  const simulator = await startWeiboSimulator({
    ...{ account: 'simulated', us, appSecret, accessToken },
    // Looked at every five seconds, so that nobody has to wait for their mention.
    allowance: 10_000,
    gateway: () => gatewayUrl,
  });
  const { url } = simulator;
  const account = {
    channel: 'weibo',
    name: 'simulated',
    uid: us.uid,
    appSecret,
    accessToken,
    operatorIp: '127.0.0.1',
    pollSeconds: 5,
    ...{ apiUrl: url, messageApiUrl: url, fileApiUrl: url, pictureHosts: [new URL(url).host] },
  };
  return { name: 'weibo', url, simulator, account };
}
