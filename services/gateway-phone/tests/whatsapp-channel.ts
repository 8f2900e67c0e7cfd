import { whatsapp } from '../src/messaging/medium.ts';
import { createChannelOf } from './twilio-contract.ts';

export const createChannel = createChannelOf(whatsapp);
