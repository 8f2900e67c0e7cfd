import { TicketServiceService } from '@tributary/contracts';
import { grpcAddress } from '@tributary/runtime';
import { beginProcess } from '@tributary/service-process';
import { createRouter, readRouterConfig } from './service.ts';

const { settings, eventLog, docStore, grpc, clock, logger, run } = beginProcess('router', {
  TICKETING_ADDRESS: grpcAddress,
});
const router = await createRouter({
  config: readRouterConfig(process.env),
  eventLog: await eventLog(),
  docStore: await docStore(),
  tickets: grpc('ticketing', settings.TICKETING_ADDRESS).api(TicketServiceService),
  clock,
  logger,
});
process.on('SIGHUP', () => void router.reloadPolicy());
await run(router);
