/** Codes of failures before a request could be written: name look-up and connecting (Node's, and undici's of `fetch`). */
const beforeWriting = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * Whether a request that failed without an answer may have been carried out all the same. At a provider that knows no
 * idempotency key it is then not to be repeated.
 */
export function mayHaveArrived(error: unknown): boolean {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    const { code } = each as NodeJS.ErrnoException;
    if (code !== undefined && beforeWriting.has(code)) return false;
    // Several addresses of one name were tried.
    if (each instanceof AggregateError && each.errors.some((one) => !mayHaveArrived(one))) return false;
  }
  return true;
}
