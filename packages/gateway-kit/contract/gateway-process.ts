// One gateway as a process of its own, to be killed. Arguments: the subject's module, the provider's address, the data folder.
import { createLogger, systemClock } from '@tributary/runtime';
import { createGateway } from '../src/index.ts';
import { openStores } from './stores.ts';
import type { CreateChannel } from './subject.ts';

const [module = '', providerUrl = '', folder = ''] = process.argv.slice(2);
const { createChannel } = (await import(module)) as { createChannel: CreateChannel };
const stores = await openStores(folder);
const ground = { ...stores, clock: systemClock, logger: createLogger('gateway', 'silent'), publicUrl: '' };
const gateway = await createGateway(await createChannel(providerUrl, ground), ground);
await gateway.start();
