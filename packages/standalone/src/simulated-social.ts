import { randomBytes } from 'node:crypto';
import { startAppStoreSimulator } from '@tributary/testing/simulators/app-store';
import { startFeedsSimulator } from '@tributary/testing/simulators/feeds';
import { startGooglePlaySimulator } from '@tributary/testing/simulators/google-play';
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

// Looked at every five seconds, so that nobody has to wait for their review or mention.

export async function simulateAppStore(): Promise<SimulatedProvider> {
  const simulator = await startAppStoreSimulator();
  const { url, appId, issuerId, keyId, privateKey } = simulator;
  const values = { appId, issuerId, keyId, privateKey, apiUrl: url, pollSeconds: 5 };
  return { name: 'app-store', url, simulator, account: { channel: 'app-store', name: 'simulated', ...values } };
}

export async function simulateGooglePlay(): Promise<SimulatedProvider> {
  const simulator = await startGooglePlaySimulator();
  const { url, packageName, serviceAccount } = simulator;
  const values = { packageName, serviceAccount, apiUrl: url, pollSeconds: 5 };
  return { name: 'google-play', url, simulator, account: { channel: 'google-play', name: 'simulated', ...values } };
}

/** A blog. What it says of Tributary is counted; of smoke, fire or a refund as well, and it becomes a ticket. */
export async function simulateFeeds(): Promise<SimulatedProvider> {
  const simulator = await startFeedsSimulator();
  const mentions = [
    { words: ['Tributary'], with: ['smoke', 'fire', 'refund', '冒烟', '退款'], become: 'ticket' },
    { words: ['Tributary'], become: 'count' },
  ];
  const values = { feeds: [simulator.feeds.rss], mentions, pollSeconds: 5, allowPrivateAddress: true };
  const account = { channel: 'feeds', name: 'simulated', ...values };
  return { name: 'feeds', url: simulator.url, simulator, account };
}
