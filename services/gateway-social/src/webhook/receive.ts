import type { BlobStore } from '@tributary/blobstore';
import {
  type Attachment,
  Automatic,
  type ContactPoint,
  InboundMessage,
  inboundMessageId,
  MessageKind,
  type Refusal,
  SignalKind,
  Verification,
  Visibility,
} from '@tributary/contracts';
import { type Inbox, jsonBody, keepFile, WebhookRefusal, type WebhookRequest } from '@tributary/gateway-kit';
import sanitizeHtml from 'sanitize-html';
import type { WebhookAccount } from './account.ts';
import { conversationKey, senderAddress } from './addresses.ts';
import { inboundDocument, knownTypes, type MessageDocument, maxFetchedBytes } from './documents.ts';

const kinds = {
  message: MessageKind.MESSAGE_KIND_MESSAGE,
  post: MessageKind.MESSAGE_KIND_POST,
  comment: MessageKind.MESSAGE_KIND_COMMENT,
} as const;
const signalKinds = {
  'typing.started': SignalKind.SIGNAL_KIND_TYPING_STARTED,
  'typing.stopped': SignalKind.SIGNAL_KIND_TYPING_STOPPED,
  'customer.left': SignalKind.SIGNAL_KIND_CUSTOMER_LEFT,
} as const;

/**
 * Hands over what a document says.
 * @param webhookId The same over all attempts to send this document, so the message's id where the document names none.
 * @throws WebhookRefusal 400 naming each wrong field and its rule.
 */
export async function receiveDocument(
  account: WebhookAccount,
  request: WebhookRequest,
  webhookId: string,
  { inbox, blobStore, nowMs }: { readonly inbox: Inbox; readonly blobStore: BlobStore; readonly nowMs: number },
): Promise<void> {
  const body = jsonBody(request);
  const { type } = (typeof body === 'object' && body !== null ? body : {}) as { type?: unknown };
  if (typeof type !== 'string') {
    throw new WebhookRefusal(400, `type: must be one of ${[...knownTypes].join(', ')}`);
  }
  if (!knownTypes.has(type)) return;
  const parsed = inboundDocument.safeParse(body);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`);
    throw new WebhookRefusal(400, issues.join('; '));
  }
  const document = parsed.data;
  switch (document.type) {
    case 'message.created':
    case 'message.edited': {
      const files = await keepAttachments(document, account, blobStore);
      return inbox.accept(toMessage(document, account.name, webhookId, files, nowMs));
    }
    case 'delivery.updated': {
      const { message, status, reason, code } = document;
      return inbox.report(message, {
        status,
        ...(reason !== undefined && { reason }),
        ...(code !== undefined && { providerCode: code }),
      });
    }
    default:
      return inbox.signal({
        conversationKey: conversationKey(account.name, document.conversation),
        channel: 'webhook',
        ticketId: '',
        kind: signalKinds[document.type],
        fromAgent: false,
        authorName: '',
        time: new Date(nowMs),
      });
  }
}

interface Files {
  readonly attachments: Attachment[];
  readonly refusals: Refusal[];
}

/** @throws when a file cannot be fetched just now: then the document is to come again. */
async function keepAttachments(
  document: MessageDocument,
  account: WebhookAccount,
  blobStore: BlobStore,
): Promise<Files> {
  const files: Files = { attachments: [], refusals: [] };
  for (const { name, mediaType, url, content } of document.attachments) {
    if (url === undefined) {
      const { key, size, sha256 } = await blobStore.put(Buffer.from(content ?? '', 'base64'));
      files.attachments.push({
        blob: { key, mediaType, size: BigInt(size), sha256 },
        name: name.replace(/^.*[\\/]/, ''),
        contentId: '',
      });
      continue;
    }
    const kept = await keepFile(
      { url, name, mediaType: mediaType === 'application/octet-stream' ? '' : mediaType },
      // The platform waits for our answer: its own time-out is between 15 and 30 s.
      { blobStore, hosts: account.fileHosts, maxBytes: maxFetchedBytes, timeoutMs: 10_000 },
    );
    if ('attachment' in kept) files.attachments.push(kept.attachment);
    else files.refusals.push(kept.refusal);
  }
  return files;
}

function toMessage(
  document: MessageDocument,
  account: string,
  webhookId: string,
  files: Files,
  nowMs: number,
): InboundMessage {
  const { sender, id = webhookId, time, language = '', region = '', attributes } = document;
  const edited = document.type === 'message.edited';
  // An edit is a message of its own: what was graded and answered before stays as it was.
  const providerMessageId = edited ? `${id}:edit:${Date.parse(document.time)}` : id;
  return InboundMessage.fromPartial({
    id: inboundMessageId('webhook', account, providerMessageId),
    channel: 'webhook',
    account,
    providerMessageId,
    conversationKey: conversationKey(account, document.conversation),
    sender: {
      kind: 'webhook',
      address: senderAddress(account, sender.id),
      displayName: sender.name,
      verification: Verification.VERIFICATION_CHANNEL,
    },
    participants: otherAddress(sender),
    subject: document.subject,
    text: edited ? `[Edited] ${document.text}` : document.text,
    html: document.html === '' ? '' : sanitizeHtml(document.html).trim(),
    ...files,
    references: edited ? [...document.references, id] : document.references,
    kind: kinds[document.kind],
    visibility: document.visibility === 'public' ? Visibility.VISIBILITY_PUBLIC : Visibility.VISIBILITY_PRIVATE,
    parentProviderMessageId: document.parent ?? '',
    automatic: document.automatic ? Automatic.AUTOMATIC_GENERATED : Automatic.AUTOMATIC_NONE,
    languageHint: language,
    regionHint: region,
    ...(time !== undefined && { providerTime: new Date(time) }),
    receivedTime: new Date(nowMs),
    attributes: { ...attributes, ...(edited && { edited_message_id: inboundMessageId('webhook', account, id) }) },
  });
}

/** A further address is on the message beside its sender: only one the platform vouches for counts. */
function otherAddress({ kind, address, name, verified }: MessageDocument['sender']): ContactPoint[] {
  if (kind === undefined || address === undefined) return [];
  const verification = verified ? Verification.VERIFICATION_CHANNEL : Verification.VERIFICATION_CLAIMED;
  return [{ kind, address, displayName: name, verification }];
}
