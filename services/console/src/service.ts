import type { Consumer, EventLog } from '@tributary/eventlog';
import type { Clock, Logger, Service } from '@tributary/runtime';
import type { FastifyPluginAsync } from 'fastify';
import type { ConsoleConfig } from './config.ts';
import { feedTopics } from './entrypoints/facts.ts';
import { FeedStream } from './entrypoints/feed-stream.ts';
import { consolePages } from './entrypoints/pages.ts';
import type { Links } from './entrypoints/start-page.ts';

export { type ConsoleConfig, readConsoleConfig } from './config.ts';
export type { Links } from './entrypoints/start-page.ts';

export interface ConsoleDependencies {
  readonly config: ConsoleConfig;
  readonly eventLog: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where the other services are; asked at each page load, so that ports taken at start are known. Default: as configured. */
  readonly links?: () => Links;
}

export interface ConsoleService extends Service {
  readonly http: FastifyPluginAsync;
}

/** The start page with its live feed. It changes nothing anywhere. */
export async function createConsole(dependencies: ConsoleDependencies): Promise<ConsoleService> {
  const { config, eventLog, clock, logger } = dependencies;
  const stream = config.feed ? new FeedStream({ clock, logger }) : undefined;
  const links = dependencies.links ?? (() => linksOf(config));
  let reader: Consumer | undefined;
  let fault: string | undefined;
  return {
    http: consolePages({ links, stream, hosts: config.hosts, simulators: config.simulators }),
    async start() {
      if (stream === undefined) return;
      reader = await eventLog.tail({ topics: feedTopics, from: 'end', handle: (record) => stream.take(record) });
      // The feed is a convenience: its end is a problem to see, not a reason to end everything else in the process.
      reader.done.catch((error: Error) => {
        fault = `the live feed has ended: ${error.message}`;
        logger.error({ err: error }, 'the live feed has ended');
      });
    },
    async stop() {
      stream?.close();
      await reader?.stop();
      reader = undefined;
    },
    problems: () => [...(reader?.problems() ?? []), ...(fault === undefined ? [] : [fault])],
  };
}

function linksOf(config: ConsoleConfig): Links {
  const { chatUrl, smtpPort, grpcPort, supportAddress } = config;
  return { chatUrl, smtpPort, grpcPort, supportAddress };
}
