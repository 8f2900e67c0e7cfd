import { randomBytes } from 'node:crypto';
import { startTelegramSimulator } from '@tributary/testing/simulators/telegram';
import { startWebhookSimulator } from '@tributary/testing/simulators/webhook';
import { startWechatSimulator } from '@tributary/testing/simulators/wechat';
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

export async function simulateTelegram(): Promise<SimulatedProvider> {
  const simulator = await startTelegramSimulator();
  const { url, token } = simulator;
  const account = { channel: 'telegram', name: 'simulated', mode: 'polling', token, apiUrl: url };
  return { name: 'telegram', url, simulator, account };
}

export async function simulateWechat(gatewayUrl: string): Promise<SimulatedProvider> {
  const simulator = await startWechatSimulator({ pushUrl: `${gatewayUrl}/channels/wechat/simulated` });
  const { url, appId, appSecret, token, encodingAesKey } = simulator;
  const account = { channel: 'wechat', name: 'simulated', appId, appSecret, token, encodingAesKey, apiUrl: url };
  return { name: 'wechat', url, simulator, account };
}
