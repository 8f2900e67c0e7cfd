import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { createChannel, startProvider } from './google-play-subject.ts';

promiseOfChannel({ module: new URL('./google-play-subject.ts', import.meta.url).href, createChannel, startProvider });
