import { promiseOfChannelAtScale } from '@tributary/gateway-kit/contract';
import { subject } from './chat-subject.ts';

promiseOfChannelAtScale('The chat', subject);
