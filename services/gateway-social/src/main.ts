import { beginProcess } from '@tributary/service-process';
import { readSocialConfig } from './config.ts';
import { createSocialGateway } from './service.ts';

const { eventLog, docStore, blobStore, clock, logger, run } = beginProcess('gateway-social');
await run(
  await createSocialGateway({
    config: readSocialConfig(process.env),
    eventLog: await eventLog(),
    docStore: await docStore(),
    blobStore: await blobStore(),
    clock,
    logger,
  }),
);
