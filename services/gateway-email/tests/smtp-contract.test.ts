import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { createChannel, startSmtpProvider, withoutSignatures } from './mail-subject.ts';

promiseOfChannel({
  module: new URL('./mail-subject.ts', import.meta.url).href,
  createChannel,
  startProvider: startSmtpProvider,
  without: withoutSignatures,
});
