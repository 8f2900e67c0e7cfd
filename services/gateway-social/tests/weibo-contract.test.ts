import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { weiboSubject } from './weibo-subject.ts';

promiseOfChannel(weiboSubject);
