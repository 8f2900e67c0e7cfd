import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { createChannel, startProvider, without } from './weibo-subject.ts';

promiseOfChannel({
  module: new URL('./weibo-subject.ts', import.meta.url).href,
  createChannel,
  startProvider,
  without,
});
