import type { Behaviour, ChannelSubject, Provider } from '@tributary/gateway-kit/contract';

interface Store extends AsyncDisposable {
  readonly url: string;
  readonly answers: readonly string[];
  readonly tries: number;
  write(review: { readonly author: string; readonly stars: number; readonly text: string }): unknown;
  behave(behaviour: Behaviour): void;
}

/**
 * An app store as the contract knows providers: a conversation is one person's review, which they change.
 * @param account Goes into the provider's address, for the process that is killed has its key from there.
 */
export function storeProvider(store: Store, account: object): Provider {
  return {
    url: `${store.url}#${encodeURIComponent(JSON.stringify(account))}`,
    write({ conversation, text }) {
      store.write({ author: conversation, stars: 1, text });
      return true;
    },
    received: () => store.answers,
    tries: () => store.tries,
    behave: (behaviour) => store.behave(behaviour),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

export function accountIn(providerUrl: string): object {
  return JSON.parse(decodeURIComponent(new URL(providerUrl).hash.slice(1))) as object;
}

const asked = 'stores are asked and do not call';
export const withoutCalls: NonNullable<ChannelSubject['without']> = {
  repeats: `${asked}; a review that is shown again is one (reviews.test.ts)`,
  signature: asked,
  'signed body': asked,
  'signed time': asked,
  'broken-off message': `${asked}; what is not a whole answer is asked for again`,
  'size limit': `${asked}; what an answer may hold is limited where it is fetched`,
  'unknown kinds': asked,
};
