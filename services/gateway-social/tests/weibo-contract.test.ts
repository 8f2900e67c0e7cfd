import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { weibo } from './weibo-subject.ts';

promiseOfChannel(weibo);
