let stop: () => Promise<void> = async () => {};

/** Says how what telemetry still holds is sent. */
export function onTelemetryStop(flush: () => Promise<void>): void {
  stop = flush;
}

/** Sends what telemetry still holds. Resolves when it is sent, when that failed, or after two seconds. Called once, at the end. */
export async function stopTelemetry(): Promise<void> {
  const tooLong = new Promise<void>((resolve) => setTimeout(resolve, 2000).unref());
  await Promise.race([stop().catch(() => undefined), tooLong]);
}
