import { beginProcess } from '@tributary/service-process';
import { readChatConfig } from './config.ts';
import { createChatGateway } from './service.ts';

const { eventLog, docStore, blobStore, clock, logger, run } = beginProcess('gateway-chat');
await run(
  await createChatGateway({
    config: readChatConfig(process.env),
    eventLog: await eventLog(),
    docStore: await docStore(),
    blobStore: await blobStore(),
    clock,
    logger,
  }),
);
