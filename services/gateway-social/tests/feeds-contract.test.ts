import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { createChannel, startProvider } from './feeds-subject.ts';

promiseOfChannel({ module: new URL('./feeds-subject.ts', import.meta.url).href, createChannel, startProvider });
