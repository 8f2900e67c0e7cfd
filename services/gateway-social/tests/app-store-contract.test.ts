import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { appStore } from './app-store-subject.ts';

promiseOfChannel(appStore);
