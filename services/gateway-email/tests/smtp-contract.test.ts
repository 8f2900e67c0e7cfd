import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { smtp } from './mail-subject.ts';

promiseOfChannel(smtp);
