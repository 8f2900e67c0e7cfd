/** Where a conversation is held: a private chat, or one person's part of a group. */
export interface Place {
  readonly account: string;
  readonly chatId: number;
  /** Set in a group. */
  readonly memberId?: number;
}

/** Two people in one group are two conversations. */
export function conversationKeyOf({ account, chatId, memberId }: Place): string {
  return `telegram:${account}:${chatId}${memberId === undefined ? '' : `:${memberId}`}`;
}

/** @returns undefined when the key is not one of ours. */
export function placeOf(conversationKey: string): Place | undefined {
  const [, account, chatId, memberId] = /^telegram:([^:]+):(-?\d+)(?::(\d+))?$/.exec(conversationKey) ?? [];
  if (account === undefined || chatId === undefined) return undefined;
  const member = memberId === undefined ? {} : { memberId: Number(memberId) };
  return { account, chatId: Number(chatId), ...member };
}

/** Message ids count within their chat, so ours name both. */
export function messageReference(chatId: number, messageId: number): string {
  return `${chatId}/${messageId}`;
}

/** The message in that chat that a reference names, if it is there. */
export function messageInChat(reference: string | undefined, chatId: number): number | undefined {
  const [chat, message] = reference?.split('/') ?? [];
  return chat === String(chatId) && /^\d+$/.test(message ?? '') ? Number(message) : undefined;
}
