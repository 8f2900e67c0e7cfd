import type { Service } from '@tributary/runtime';
import { settleForgotten } from '../usecases/settle-pending.ts';
import type { ChatContext } from './chat-context.ts';

const everyMs = 15_000;
/** What is younger may still be in the hands of the connection that took it. */
const olderThanMs = 10_000;

/** Regularly brings messages that a crash left between transcript and log into the log. */
export function createRepairTimer(context: ChatContext): Service {
  let timer: Disposable | undefined;
  let running: Promise<void> = Promise.resolve();
  let problem: string | undefined;
  let stopped = false;

  const schedule = () => {
    if (!stopped) {
      timer = context.clock.setTimer(everyMs, () => {
        running = repair().finally(schedule);
      });
    }
  };

  async function repair(): Promise<void> {
    try {
      await settleForgotten(context, context.clock.now() - olderThanMs);
      problem = undefined;
    } catch (error) {
      problem = `cannot bring waiting messages into the log: ${(error as Error).message}`;
      context.logger.warn({ err: error }, 'repair failed; trying again');
    }
  }

  return {
    async start() {
      schedule();
    },
    async stop() {
      stopped = true;
      timer?.[Symbol.dispose]();
      await running;
    },
    problems: () => (problem === undefined ? [] : [problem]),
  };
}
