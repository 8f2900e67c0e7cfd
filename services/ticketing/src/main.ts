import { beginProcess } from '@tributary/service-process';
import { createTicketing, readTicketingConfig } from './service.ts';

const { eventLog, docStore, clock, logger, run } = beginProcess('ticketing');
await run(
  await createTicketing({
    config: readTicketingConfig(process.env),
    eventLog: await eventLog(),
    docStore: await docStore(),
    clock,
    logger,
  }),
);
