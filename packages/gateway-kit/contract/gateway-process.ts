// One gateway as a process of its own, to be killed. Arguments: the subject's module, the provider's address, our HTTP port,
// and the place of its stores as JSON.
import { createHttpServer, createLogger, systemClock } from '@tributary/runtime';
import { createGateway } from '../src/index.ts';
import { openStores, type Place } from './stores.ts';
import type { CreateChannel } from './subject.ts';

const [module = '', providerUrl = '', port = '', place = ''] = process.argv.slice(2);
const { createChannel } = (await import(module)) as { createChannel: CreateChannel };
const logger = createLogger('gateway', 'silent');
const ground = { ...(await openStores(JSON.parse(place) as Place)), clock: systemClock, logger, publicUrl: '' };
const gateway = await createGateway(await createChannel(providerUrl, ground), ground);
const listening = { host: '127.0.0.1', port: Number(port), logger, problems: () => [] };
await createHttpServer({ plugins: [gateway.http], ...listening }).start();
await gateway.start();
