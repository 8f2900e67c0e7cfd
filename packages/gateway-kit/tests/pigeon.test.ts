import { promiseOfChannel } from '../contract/index.ts';
import { createChannel, startPigeonPost } from './pigeon-post.ts';

promiseOfChannel({
  module: new URL('./pigeon-post.ts', import.meta.url).href,
  createChannel,
  startProvider: startPigeonPost,
});
