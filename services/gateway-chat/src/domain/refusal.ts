/** Why something is refused. The same words in error frames and in HTTP error bodies; docs/chat-protocol.md explains them. */
export const refusalCodes = [
  'bad_json',
  'bad_frame',
  'unknown_type',
  'unsupported_version',
  'hello_required',
  'already_greeted',
  'unknown_site',
  'invalid_session',
  'origin_not_allowed',
  'rate_limited',
  'too_many_connections',
  'too_large',
  'unsupported_media_type',
  'too_many_uploads',
  'unknown_upload',
  'not_found',
  'unavailable',
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

export interface RefusalDetails {
  /** The field that is wrong. */
  readonly field?: string | undefined;
  /** The limit that was passed. */
  readonly limit?: number | undefined;
  /** What would have been allowed. */
  readonly allowed?: readonly (string | number)[] | undefined;
  /** When to try again. */
  readonly retryAfterMs?: number | undefined;
}

/** Refused before anything was acknowledged, with what the other side needs to know to do better. */
export class ChatRefusal extends Error {
  override readonly name = 'ChatRefusal';
  readonly code: RefusalCode;
  readonly details: RefusalDetails;

  constructor(code: RefusalCode, message: string, details: RefusalDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
