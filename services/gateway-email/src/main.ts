import { beginProcess } from '@tributary/service-process';
import { createEmailGateway, readEmailConfig } from './service.ts';

const { eventLog, docStore, blobStore, clock, logger, run } = beginProcess('gateway-email');
await run(
  await createEmailGateway({
    config: readEmailConfig(process.env),
    eventLog: await eventLog(),
    docStore: await docStore(),
    blobStore: await blobStore(),
    clock,
    logger,
  }),
);
