import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { webhookSubject } from './webhook-subject.ts';

promiseOfChannel(webhookSubject);
