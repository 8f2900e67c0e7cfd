interface PendingTimer {
  readonly dueAtMs: number;
  readonly sequence: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. Fits the runtime's `Clock`. */
export class ManualClock {
  #nowMs: number;
  #sequence = 0;
  readonly #timers = new Set<PendingTimer>();

  constructor(startMs: number | string = '2026-05-01T08:00:00Z') {
    this.#nowMs = typeof startMs === 'number' ? startMs : Date.parse(startMs);
  }

  now(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Disposable {
    const timer = { dueAtMs: this.#nowMs + Math.max(0, delayMs), sequence: this.#sequence++, callback };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => this.#timers.delete(timer) };
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves the time on and runs what falls due, in order, letting promises settle after each. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const [next] = [...this.#timers]
        .filter((timer) => timer.dueAtMs <= untilMs)
        .sort((a, b) => a.dueAtMs - b.dueAtMs || a.sequence - b.sequence);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueAtMs);
      next.callback();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#nowMs = untilMs;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
