import { sms } from '../src/messaging/medium.ts';
import { createChannelOf, subjectOf } from './twilio-contract.ts';

export const createChannel = createChannelOf(sms);
export const smsSubject = subjectOf(sms, import.meta.url);
