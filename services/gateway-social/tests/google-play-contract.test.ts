import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { googlePlay } from './google-play-subject.ts';

promiseOfChannel(googlePlay);
