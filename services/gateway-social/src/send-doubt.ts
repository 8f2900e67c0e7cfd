import { neverConnected } from '@tributary/gateway-kit';

/**
 * Whether a request that failed without an answer may have been carried out all the same. At a provider that knows no
 * idempotency key it is then not to be repeated.
 */
export function mayHaveArrived(error: unknown): boolean {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    const { code } = each as NodeJS.ErrnoException;
    if (code !== undefined && neverConnected.has(code)) return false;
    // Several addresses of one name were tried.
    if (each instanceof AggregateError && each.errors.some((one) => !mayHaveArrived(one))) return false;
  }
  return true;
}
