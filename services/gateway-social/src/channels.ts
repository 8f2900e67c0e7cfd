import { appStoreKind } from './app-store/channel.ts';
import type { ChannelKind } from './channel-kind.ts';
import { feedsKind } from './feeds/channel.ts';
import { googlePlayKind } from './google-play/channel.ts';
import { telegramKind } from './telegram/channel.ts';
import { webhookChannel } from './webhook/channel.ts';
import { wechatKind } from './wechat/channel.ts';
import { weiboChannel } from './weibo/channel.ts';

/** Every channel this service knows. A new one is a folder beside this file and a line here. */
export const channelKinds: readonly ChannelKind[] = [
  appStoreKind,
  feedsKind,
  googlePlayKind,
  telegramKind,
  webhookChannel,
  wechatKind,
  weiboChannel,
];
