import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { createChannel, startProvider } from './app-store-subject.ts';

promiseOfChannel({ module: new URL('./app-store-subject.ts', import.meta.url).href, createChannel, startProvider });
