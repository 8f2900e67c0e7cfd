import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { createChannel, startCallingWechat } from './wechat-provider.ts';

promiseOfChannel({
  module: new URL('./wechat-provider.ts', import.meta.url).href,
  createChannel,
  startProvider: startCallingWechat,
});
