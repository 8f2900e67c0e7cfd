import { whatsapp } from '../src/messaging/medium.ts';
import { createChannelOf, subjectOf } from './twilio-contract.ts';

export const createChannel = createChannelOf(whatsapp);
export const whatsappSubject = subjectOf(whatsapp, import.meta.url);
