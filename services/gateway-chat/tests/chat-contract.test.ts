import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { subject } from './chat-subject.ts';

promiseOfChannel(subject);
