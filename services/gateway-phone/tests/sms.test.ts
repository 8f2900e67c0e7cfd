import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { smsSubject } from './sms-channel.ts';

promiseOfChannel(smsSubject);
