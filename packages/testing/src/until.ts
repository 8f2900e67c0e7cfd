/**
 * Waits for a condition of the real world (a server, another process); tests of our own time drive a ManualClock instead.
 * @returns the first value that is neither undefined nor false.
 * @throws after `timeoutMs`, naming what was awaited and the last error.
 */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { timeoutMs = 20_000, everyMs = 20 } = {},
): Promise<T> {
  const giveUpAtMs = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > giveUpAtMs)
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause: lastError });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
