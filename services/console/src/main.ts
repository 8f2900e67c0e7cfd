import { beginProcess } from '@tributary/service-process';
import { createConsole, readConsoleConfig } from './service.ts';

const { eventLog, clock, logger, run } = beginProcess('console');
await run(await createConsole({ config: readConsoleConfig(process.env), eventLog: await eventLog(), clock, logger }));
