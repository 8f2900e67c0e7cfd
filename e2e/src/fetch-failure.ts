/** Why `fetch` got no answer: the system's code, as ECONNRESET, or the error's name, as TimeoutError. */
export function fetchFailure(error: unknown): string {
  const { name, cause } = error as { readonly name: string; readonly cause?: { readonly code?: string } };
  return cause?.code ?? name;
}
