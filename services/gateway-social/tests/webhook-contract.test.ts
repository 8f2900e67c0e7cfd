import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { createChannel, startProvider } from './webhook-subject.ts';

promiseOfChannel({ module: new URL('./webhook-subject.ts', import.meta.url).href, createChannel, startProvider });
