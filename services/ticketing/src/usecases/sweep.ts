import type { Clock, Service } from '@tributary/runtime';

export interface SweepOptions {
  readonly clock: Clock;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  /** What it sees to, for `problems`. */
  readonly name: string;
  /** Sees to what is due. @returns true when there may be more. */
  work(): Promise<boolean>;
}

/** Looks for due work again and again. What fails is tried again at the next look. */
export function createSweep({ clock, everyMs, name, work }: SweepOptions): Service {
  let timer: Disposable | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  let problem: string | undefined;
  const look = async () => {
    try {
      while (!stopped && (await work())) {
        // There may be more.
      }
      problem = undefined;
    } catch (error) {
      problem = `${name}: ${(error as Error).message}`;
    }
    if (!stopped) schedule();
  };
  const schedule = () => {
    timer = clock.setTimer(everyMs, () => {
      running = look();
    });
  };
  return {
    async start() {
      running = look();
    },
    async stop() {
      stopped = true;
      timer?.[Symbol.dispose]();
      await running;
    },
    problems: () => (problem === undefined ? [] : [problem]),
  };
}
