// Names of a platform's people and conversations, unique over all platforms: an account's name holds no colon.

export function conversationKey(account: string, conversation: string): string {
  return `webhook:${account}:${conversation}`;
}

/** The platform's own name of a conversation. */
export function conversationOf(account: string, key: string): string {
  return key.slice(conversationKey(account, '').length);
}

export function senderAddress(account: string, id: string): string {
  return `${account}:${id}`;
}

/** The platform's own id of a person. */
export function personOf(account: string, address: string): string {
  return address.slice(senderAddress(account, '').length);
}
