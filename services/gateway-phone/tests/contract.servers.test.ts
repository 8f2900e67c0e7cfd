import { promiseOfChannelAtScale } from '@tributary/gateway-kit/contract';
import { smsSubject } from './sms-channel.ts';
import { voiceSubject } from './voice/voicemail-channel.ts';
import { whatsappSubject } from './whatsapp-channel.ts';

promiseOfChannelAtScale('SMS', smsSubject);
promiseOfChannelAtScale('WhatsApp', whatsappSubject);
promiseOfChannelAtScale('Voice', voiceSubject);
