import type { Service } from '@tributary/runtime';
import type { RoutingContext } from '../usecases/context.ts';
import { handOutWaiting } from '../usecases/hand-out-waiting.ts';

const minuteMs = 60_000;

/** Hands out waiting work to agents whose shift begins: shifts change on full minutes, and nothing else tells of it. */
export function createShiftWatch(context: RoutingContext): Service {
  const { clock, roster, logger } = context;
  let onShift = new Set<string>();
  let timer: Disposable | undefined;
  let looking: Promise<void> = Promise.resolve();
  let stopped = false;

  const look = async () => {
    const present = (await roster.refresh()).filter((agent) => agent.onShift).map(({ id }) => id);
    const came = present.filter((id) => !onShift.has(id));
    await handOutWaiting(context, came);
    onShift = new Set(present);
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
      onShift = new Set((await roster.refresh()).filter((agent) => agent.onShift).map(({ id }) => id));
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
