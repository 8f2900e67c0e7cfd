import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { feeds } from './feeds-subject.ts';

promiseOfChannel(feeds);
