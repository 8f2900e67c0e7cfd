// Names of what is at Weibo. In public a conversation is one person under one post; in private it is one person.

export function postConversation(account: string, statusId: string, uid: string): string {
  return `weibo:${account}:status:${statusId}:${uid}`;
}

export function privateConversation(account: string, uid: string): string {
  return `weibo:${account}:private:${uid}`;
}

/** What is public and can be answered under: a post, or a comment with the post it stands under. */
export type PublicTarget = { readonly statusId: string; readonly commentId?: string };

/** Ids of posts and comments are numbered apart. */
export function statusMessageId(statusId: string): string {
  return `status:${statusId}`;
}

export function commentMessageId(statusId: string, commentId: string): string {
  return `comment:${statusId}:${commentId}`;
}

/** Undefined for the id of a private message, or of another channel. */
export function targetOf(providerMessageId: string): PublicTarget | undefined {
  const [kind, statusId = '', commentId = ''] = providerMessageId.split(':');
  if (kind === 'status' && statusId !== '') return { statusId };
  if (kind === 'comment' && commentId !== '') return { statusId, commentId };
  return undefined;
}
