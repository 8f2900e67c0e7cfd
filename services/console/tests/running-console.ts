import { allTopics } from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { type Clock, createHttpServer, createLogger, systemClock } from '@tributary/runtime';
import { type ConsoleConfig, createConsole, readConsoleConfig } from '../src/service.ts';

export interface RunningConsole extends AsyncDisposable {
  readonly url: string;
  readonly eventLog: EventLog;
}

/** The console on an embedded log in memory, on a free port unless one is named. */
export async function runConsole(
  changes: Partial<ConsoleConfig> = {},
  { clock = systemClock, port = 0 }: { readonly clock?: Clock; readonly port?: number } = {},
): Promise<RunningConsole> {
  const eventLog = await openEmbeddedLog({ folder: ':memory:' });
  await eventLog.applyTopics(allTopics);
  const logger = createLogger('console', 'silent');
  const config = { ...readConsoleConfig({}), ...changes };
  const service = await createConsole({ config, eventLog, clock, logger });
  const http = createHttpServer({
    plugins: [service.http],
    host: '127.0.0.1',
    port,
    logger,
    problems: () => service.problems(),
  });
  await service.start();
  await http.start();
  return {
    url: `http://127.0.0.1:${http.port}`,
    eventLog,
    async [Symbol.asyncDispose]() {
      await http.stop();
      await service.stop();
      await eventLog[Symbol.asyncDispose]();
    },
  };
}
