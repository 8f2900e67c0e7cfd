import { z } from 'zod';
import { ChatRefusal } from '../domain/refusal.ts';

/** The protocol's version, named in `hello`. */
export const protocolVersion = 1;

const text = (max: number) => z.string({ error: 'must be text' }).max(max, `at most ${max} characters`);
const sequence = z.int({ error: 'must be a whole number from 0' }).min(0, 'must be a whole number from 0');

/** Lower-cased: the same UUID in other letters is the same id. */
const uuid = z
  .string({ error: 'must be a UUID' })
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'must be a UUID')
  .transform((id) => id.toLowerCase());

const profile = {
  name: text(100).optional(),
  email: text(254)
    .regex(/^$|^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'must be an email address or empty')
    .optional(),
  language: text(35)
    .regex(/^$|^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$/, 'must be a BCP 47 language tag such as zh-CN')
    .optional(),
};

const pageUrl = text(2000)
  .regex(/^https?:\/\//, 'must begin with http:// or https://')
  .optional();

const frames = {
  hello: z.object({
    type: z.literal('hello'),
    version: z.int({ error: 'must be a whole number' }),
    site: text(63),
    token: text(2000).optional(),
    lastSequence: sequence.default(0),
    ...profile,
  }),
  message: z.object({
    type: z.literal('message'),
    clientId: uuid,
    // The configured limit is checked later; this one is the frame's.
    text: z.string({ error: 'must be text' }).default(''),
    uploads: z.array(uuid, { error: 'must be a list of upload ids' }).max(1000, 'at most 1000 ids').default([]),
    writtenTime: z.iso.datetime({ offset: true, error: 'must be a time such as 2026-11-22T08:00:00Z' }).optional(),
    pageUrl,
  }),
  typing: z.object({ type: z.literal('typing'), active: z.boolean({ error: 'must be true or false' }) }),
  delivered: z.object({ type: z.literal('delivered'), sequence }),
  read: z.object({ type: z.literal('read'), sequence }),
  profile: z.object({ type: z.literal('profile'), ...profile }),
  ping: z.object({ type: z.literal('ping') }),
} as const;

type FrameType = keyof typeof frames;
export const frameTypes = Object.keys(frames);
export type ClientFrame = { [Type in FrameType]: z.infer<(typeof frames)[Type]> }[FrameType];

/** The body of `POST /chat/v1/sessions`. */
const sessionRequest = z.object({ site: text(63), ...profile }, { error: 'must be a JSON object' });
export type SessionRequest = z.infer<typeof sessionRequest>;

/**
 * Reads one frame. Fields it does not know are passed over, so that a newer client may send more.
 * @throws ChatRefusal naming the field and what is allowed.
 */
export function readFrame(data: string): ClientFrame {
  let frame: unknown;
  try {
    frame = JSON.parse(data);
  } catch {
    throw new ChatRefusal('bad_json', 'a frame must be one JSON object as text');
  }
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) {
    throw new ChatRefusal('bad_frame', 'a frame must be a JSON object');
  }
  const { type } = frame as { type?: unknown };
  if (typeof type !== 'string' || !Object.hasOwn(frames, type)) {
    throw new ChatRefusal('unknown_type', `type: must be one of ${frameTypes.join(', ')}`, {
      field: 'type',
      allowed: frameTypes,
    });
  }
  return check(frames[type as FrameType], frame) as ClientFrame;
}

/** The client id a refused frame carries, so that the error can name it too. */
export function claimedClientId(data: string): string | undefined {
  try {
    const { clientId } = JSON.parse(data) as { clientId?: unknown };
    return typeof clientId === 'string' && clientId.length <= 100 ? clientId : undefined;
  } catch {
    return undefined;
  }
}

/** @throws ChatRefusal naming the field and what is allowed. */
export function readSessionRequest(body: unknown): SessionRequest {
  return check(sessionRequest, body);
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  const message = field === '' ? (issue?.message ?? '') : `${field}: ${issue?.message}`;
  throw issue?.code === 'too_big'
    ? new ChatRefusal('too_large', message, { field, limit: Number(issue.maximum) })
    : new ChatRefusal('bad_frame', message, { field });
}
