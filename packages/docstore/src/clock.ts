/** The runtime's clock, as far as it is needed here. */
export interface Clock {
  now(): number;
  setTimer(delayMs: number, callback: () => void): Disposable;
}
