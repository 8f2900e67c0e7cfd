import { z } from 'zod';

// What travels in the bodies, in both directions. The OpenAPI page is made from these schemas.

/** Bytes of one attachment that stands in the document itself. */
const maxInlineBytes = 10 * 1024 * 1024;
/** Bytes of one attachment that is fetched. */
export const maxFetchedBytes = 50 * 1024 * 1024;

const id = z.string().min(1).max(256);
const time = z.iso.datetime({
  offset: true,
  error: 'must be an RFC 3339 time with its offset, like 2026-05-01T08:00:00Z',
});

const sender = z
  .strictObject({
    id: id.describe('The person on your platform. The same id is the same person.'),
    name: z.string().max(200).default('').describe('As shown to agents.'),
    kind: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower case, like email or phone')
      .optional()
      .describe('What `address` is: `email` (lower case), `phone` (E.164), …'),
    address: z.string().min(1).max(320).optional().describe('Another address of this person.'),
    verified: z
      .boolean()
      .default(false)
      .describe('You know that `address` is theirs: it then joins them with the customer of that address.'),
  })
  .refine(({ kind, address }) => (kind === undefined) === (address === undefined), {
    path: ['address'],
    error: 'must be given together with kind',
  });

const attachment = z
  .strictObject({
    name: z.string().max(255).default(''),
    mediaType: z
      .string()
      .regex(/^[a-z0-9.+-]+\/[a-z0-9.+-]+$/, 'must be a media type in lower case, like image/png')
      .default('application/octet-stream'),
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https address' })
      .optional()
      .describe(
        `Fetched before we answer, up to ${maxFetchedBytes} bytes, from hosts that the account names. Either this or \`content\`.`,
      ),
    content: z
      .string()
      .refine(isBase64, 'must be base64')
      .refine((text) => (text.length * 3) / 4 <= maxInlineBytes + 2, `must be at most ${maxInlineBytes} bytes`)
      .optional()
      .describe(`The bytes in base64, at most ${maxInlineBytes}. Either this or \`url\`.`),
  })
  .refine(({ url, content }) => (url === undefined) !== (content === undefined), {
    error: 'must have either url or content',
  });

const messageFields = {
  id: id.optional().describe('The message on your platform; the same id is the same message. Default: the webhook-id.'),
  conversation: id.describe('Messages of one conversation are handled in order; replies name it.'),
  sender,
  subject: z.string().max(1000).default(''),
  text: z.string().max(100_000).default('').describe('May be empty only when there are attachments.'),
  html: z.string().max(400_000).default('').describe('The same as `text`, for showing. Cleaned before it is kept.'),
  attachments: z.array(attachment).max(20).default([]),
  kind: z.enum(['message', 'post', 'comment']).default('message'),
  visibility: z.enum(['private', 'public']).default('private'),
  parent: id.optional().describe('The id of the post or comment that a comment is under.'),
  references: z.array(id).max(50).default([]).describe('Ids of earlier messages that this one answers, oldest first.'),
  automatic: z.boolean().default(false).describe('A machine wrote it: it is never answered automatically.'),
  language: z
    .string()
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language tag, like zh-CN')
    .optional()
    .describe('BCP 47.'),
  region: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('A region of the deployment, or a country (ISO 3166-1 alpha-2).'),
  time: time.optional().describe('When it was written.'),
  attributes: z
    .record(z.string().min(1).max(64), z.string().max(1000))
    .refine((entries) => Object.keys(entries).length <= 40, 'must have at most 40 entries')
    .default({}),
};

const hasContent = ({ text, attachments }: { text: string; attachments: readonly unknown[] }) =>
  text.trim() !== '' || attachments.length > 0;
const contentRule = { path: ['text'], error: 'must not be empty when there are no attachments' };
const hasParent = ({ kind, parent }: { kind: string; parent?: string | undefined }) =>
  kind !== 'comment' || parent !== undefined;
const parentRule = { path: ['parent'], error: 'must be given for a comment' };

export const messageCreated = z
  .strictObject({ type: z.literal('message.created'), ...messageFields })
  .refine(hasContent, contentRule)
  .refine(hasParent, parentRule)
  .describe('A person wrote something.');

export const messageEdited = z
  .strictObject({
    type: z.literal('message.edited'),
    ...messageFields,
    id: id.describe('The message that was changed.'),
    time: time.describe('When it was changed; tells one change from the next.'),
  })
  .refine(hasContent, contentRule)
  .refine(hasParent, parentRule)
  .describe('Somebody changed what they wrote: the whole message as it is now.');

export const deliveryUpdated = z
  .strictObject({
    type: z.literal('delivery.updated'),
    message: id.describe('The `id` of the reply.'),
    status: z.enum(['delivered', 'read', 'failed']),
    reason: z.string().max(1000).optional().describe('Why it failed, in words for an agent.'),
    code: z.string().max(64).optional().describe('Your code of the failure.'),
  })
  .describe('What became of a reply after you had accepted it.');

export const customerSignal = z
  .strictObject({
    type: z.enum(['typing.started', 'typing.stopped', 'customer.left']),
    conversation: id,
  })
  .describe('A passing sign of life.');

export const inboundDocument = z.discriminatedUnion('type', [
  messageCreated,
  messageEdited,
  deliveryUpdated,
  customerSignal,
]);
export type InboundDocument = z.infer<typeof inboundDocument>;
export type MessageDocument = Extract<InboundDocument, { type: 'message.created' | 'message.edited' }>;

/** Types that this version reads; documents of others are answered as success and passed over. */
export const knownTypes: ReadonlySet<string> = new Set([
  'message.created',
  'message.edited',
  'delivery.updated',
  'typing.started',
  'typing.stopped',
  'customer.left',
]);

/** What we send. */
export const replyCreated = z
  .object({
    type: z.literal('reply.created'),
    timestamp: z.iso.datetime().describe('When the reply was written.'),
    id: z.string().describe('Of this reply, the same as webhook-id: what comes again with it is a repeat.'),
    conversation: z.string(),
    recipient: z.object({ id: z.string(), name: z.string() }),
    visibility: z.enum(['private', 'public']),
    parent: z.string().optional().describe('The post or comment to answer under.'),
    references: z.array(z.string()).describe('Ids of earlier messages, oldest first; the last one is being answered.'),
    subject: z.string().optional(),
    text: z.string(),
    html: z.string().optional(),
    attachments: z.array(
      z.object({ name: z.string(), mediaType: z.string(), content: z.string().describe('The bytes in base64.') }),
    ),
    purpose: z.enum(['reply', 'acknowledgement', 'notification', 'survey']),
    author: z.string().optional().describe("The agent's name as shown. Absent: a machine wrote it."),
    language: z.string().optional(),
    ticket: z.string().optional().describe("The ticket's number. Absent from public replies."),
  })
  .describe('An answer to the customer.');
export type ReplyDocument = z.infer<typeof replyCreated>;

/** What the platform may answer to it, beside any 2xx status. */
export const replyAccepted = z
  .object({ id: id.optional().describe('Your id of the message, if you have one; later references may name it.') })
  .describe('Optional.');

function isBase64(text: string): boolean {
  const { length } = text.replace(/=+$/, '');
  return length % 4 !== 1 && Buffer.from(text, 'base64').length === Math.floor((length * 3) / 4);
}
