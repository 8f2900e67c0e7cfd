import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { createChannel, startVisitors, without } from './chat-subject.ts';

promiseOfChannel({
  module: new URL('./chat-subject.ts', import.meta.url).href,
  createChannel,
  startProvider: startVisitors,
  without,
});
