import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { sms } from '../src/messaging/medium.ts';
import { subjectOf } from './twilio-contract.ts';

promiseOfChannel(subjectOf(sms, new URL('./sms-channel.ts', import.meta.url).href));
