import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { whatsapp } from '../src/messaging/medium.ts';
import { subjectOf } from './twilio-contract.ts';

promiseOfChannel(subjectOf(whatsapp, new URL('./whatsapp-channel.ts', import.meta.url).href));
