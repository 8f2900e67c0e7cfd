/**
 * Whether a web page may use the chat.
 * @param origin The Origin header. Absent: not a browser on another site (browsers send it on every WebSocket and every
 *   cross-site request), so there is no page to be protected from.
 * @param host The Host header: a page of this same server may always.
 * @param allowed Origins such as `https://shop.example`; `*` for all.
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true;
  return host !== undefined && origin.replace(/^https?:\/\//, '') === host;
}
