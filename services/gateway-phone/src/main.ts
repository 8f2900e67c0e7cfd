import { AgentServiceService } from '@tributary/contracts';
import { grpcAddress } from '@tributary/runtime';
import { beginProcess } from '@tributary/service-process';
import { readPhoneConfig } from './config.ts';
import { createPhoneGateway } from './service.ts';

const { settings, eventLog, docStore, blobStore, grpc, clock, logger, run } = beginProcess('gateway-phone', {
  ROUTER_ADDRESS: grpcAddress.default('localhost:50051'),
});
await run(
  await createPhoneGateway({
    config: readPhoneConfig(process.env),
    eventLog: await eventLog(),
    docStore: await docStore(),
    blobStore: await blobStore(),
    agents: grpc('router', settings.ROUTER_ADDRESS).api(AgentServiceService),
    clock,
    logger,
  }),
);
