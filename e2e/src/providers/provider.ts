import { fetchFailure } from '../fetch-failure.ts';

/** One message of a customer, as its provider brings it. */
export interface ProviderMessage {
  /** As `nameOf` gives it of the entry that it becomes. */
  readonly providerId: string;
  /** Nobody can write more into its conversation. */
  readonly isLast?: boolean;
  /**
   * Brings it, once. Resolves with why Tributary did not acknowledge it; undefined when it did.
   * @throws when it is refused for good.
   */
  give(): Promise<string | undefined>;
}

/** The customers of one channel, and what reaches them. */
export interface PlayedChannel {
  /** A customer writes. @param customer A number; the same one is the same person, and one conversation. */
  write(customer: number, text: string): ProviderMessage;
  /** What reached customers so far, oldest first. */
  arrivals(): readonly string[];
}

/** A channel of gateway-social with an account of ours at its simulated provider. */
export interface PlayedAccount extends PlayedChannel, AsyncDisposable {
  /** As in `SOCIAL_ACCOUNTS`. */
  readonly account: object;
}

/** Why a message is not acknowledged that lies at the provider until we ask for it. */
export const notFetched = 'not fetched';

const giveTimeoutMs = 10_000;

/** Resolves as `give` does. @throws when it is refused for good. */
export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<string | undefined> {
  const signal = AbortSignal.timeout(giveTimeoutMs);
  const response = await fetch(url, { method: 'POST', headers, body, signal }).catch(fetchFailure);
  if (typeof response === 'string') return response;
  const text = await response.text().catch(() => '');
  if (response.status >= 400 && response.status < 500) throw new Error(`${url} answered ${response.status} ${text}`);
  return response.ok ? undefined : String(response.status);
}
