import type { TwilioAccount } from './account.ts';
import type { TwilioRestClient } from './rest-client.ts';

/** The REST client of each account, loaded when it is first asked for. */
export function createRestClients(): (account: TwilioAccount) => Promise<TwilioRestClient> {
  const clients = new Map<string, Promise<TwilioRestClient>>();
  return (account) => {
    let client = clients.get(account.accountSid);
    if (client === undefined) {
      client = import('./rest-client.ts').then(({ createRestClient }) => createRestClient(account));
      clients.set(account.accountSid, client);
    }
    return client;
  };
}
