import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { wechat } from './wechat-provider.ts';

promiseOfChannel(wechat);
