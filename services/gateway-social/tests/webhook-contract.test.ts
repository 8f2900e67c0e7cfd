import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { webhook } from './webhook-subject.ts';

promiseOfChannel(webhook);
