import type { Service } from '@tributary/runtime';
import { absence } from '../domain/planning/candidates.ts';
import type { RoutingContext } from '../usecases/context.ts';
import { handOutWaiting } from '../usecases/hand-out-waiting.ts';

const minuteMs = 60_000;

/**
 * Every full minute hands out waiting work to whoever is there and has room: those whose shift begins, which nothing else tells
 * of, and, should it happen, work that a router which died had taken to hand out.
 */
export function createShiftWatch(context: RoutingContext): Service {
  const { clock, roster, logger } = context;
  let timer: Disposable | undefined;
  let looking: Promise<void> = Promise.resolve();
  let stopped = false;

  const look = async () => {
    const agents = await roster.refresh();
    const idle = agents.filter((agent) => absence(agent) === '' && agent.loadUnits < agent.capacityUnits);
    await handOutWaiting(
      context,
      idle.map(({ id }) => id),
    );
  };
  const lookEveryMinute = () => {
    if (stopped) return;
    timer = clock.setTimer(minuteMs - (clock.now() % minuteMs), () => {
      looking = look()
        .catch((error: unknown) => logger.warn({ err: error }, 'shifts could not be looked at; the next minute will'))
        .then(lookEveryMinute);
    });
  };
  return {
    async start() {
      lookEveryMinute();
    },
    async stop() {
      stopped = true;
      timer?.[Symbol.dispose]();
      await looking;
    },
    problems: () => [],
  };
}
