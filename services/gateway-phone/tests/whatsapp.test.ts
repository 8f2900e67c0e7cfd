import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { whatsappSubject } from './whatsapp-channel.ts';

promiseOfChannel(whatsappSubject);
