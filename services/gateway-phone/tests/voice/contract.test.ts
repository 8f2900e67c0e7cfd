import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { voiceSubject } from './voicemail-channel.ts';

promiseOfChannel(voiceSubject);
