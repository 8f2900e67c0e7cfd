import { promiseOfChannelAtScale } from '@tributary/gateway-kit/contract';
import { appStore } from './app-store-subject.ts';
import { feeds } from './feeds-subject.ts';
import { googlePlay } from './google-play-subject.ts';
import { askedTelegram } from './telegram-provider.ts';
import { callingTelegram } from './telegram-webhook-provider.ts';
import { webhook } from './webhook-subject.ts';
import { wechat } from './wechat-provider.ts';
import { weibo } from './weibo-subject.ts';

promiseOfChannelAtScale('Telegram, asked by us,', askedTelegram);
promiseOfChannelAtScale('Telegram, calling us,', callingTelegram);
promiseOfChannelAtScale('WeChat', wechat);
promiseOfChannelAtScale('Weibo', weibo);
promiseOfChannelAtScale('The signed webhook', webhook);
promiseOfChannelAtScale('The App Store', appStore);
promiseOfChannelAtScale('Google Play', googlePlay);
promiseOfChannelAtScale('Feeds', feeds);
