import { parseHeaderFields } from './header-block.ts';
import { messageIds, outboundIdOf } from './threading.ts';

/** What a bounce says of the mail that could not be delivered. Empty strings where it says nothing. */
export interface Bounce {
  readonly outboundMessageId: string;
  readonly recipient: string;
  /** Enhanced status code (RFC 3463), for example `5.1.1`. */
  readonly status: string;
  readonly diagnostic: string;
  /** False for a delay, and when it does not say. */
  readonly permanent: boolean;
  /** True when the report says that something failed for good; false for a mere delay or a success. */
  readonly failed: boolean;
}

/**
 * Reads a bounce.
 * @param report The message/delivery-status part (RFC 3464), when there is one.
 * @param text The part for people; qmail and others have only that.
 * @param originals What came back of the original: its header block, or the text that quotes it.
 * @param references What the bounce's own In-Reply-To and References name.
 */
export function readBounce(
  report: string | undefined,
  text: string,
  originals: readonly string[],
  references: readonly string[],
  ourDomains: readonly string[],
): Bounce {
  const outboundMessageId = originalOf([...originals, ...references.map((id) => `<${id}>`), text], ourDomains);
  const recipients = (report ?? '').split(/\r?\n[ \t]*\r?\n/).map((block) => parseHeaderFields(block));
  const one = (name: string) =>
    recipients.flatMap((fields) => fields.filter((field) => field.name === name).map((field) => field.value));
  const action = one('action').map((value) => value.toLowerCase());
  const status = one('status')[0]?.match(/[245]\.\d{1,3}\.\d{1,3}/)?.[0] ?? statusIn(text);
  const recipient =
    addressIn(one('final-recipient')[0] ?? one('original-recipient')[0]) ??
    addressIn(text.match(failedRecipient)?.[1]) ??
    '';
  const diagnostic = (one('diagnostic-code')[0] ?? diagnosticIn(text)).replace(/^[a-z-]+;\s*/i, '').slice(0, 1000);
  const failed =
    action.length === 0 ? !/delay|verzöger|will be retried|延迟/i.test(text.slice(0, 2000)) : action.includes('failed');
  return { outboundMessageId, recipient, status, diagnostic, permanent: failed && !status.startsWith('4'), failed };
}

const failedRecipient = /(?:^|\n)[ \t]*(?:(?:to|收件人)[:：][ \t]*)?(<?[\w.+=~-]+@[\w.-]+>?):?[ \t]*(?:\n|$)/i;

function originalOf(sources: readonly string[], ourDomains: readonly string[]): string {
  for (const source of sources) {
    const inHeader = source.match(/^[ \t>]*message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]+>)/im)?.[1];
    for (const id of messageIds(inHeader ?? source.slice(0, 20_000))) {
      const outboundId = outboundIdOf(id, ourDomains);
      if (outboundId !== undefined) return outboundId;
    }
  }
  return '';
}

function addressIn(text: string | undefined): string | undefined {
  return text?.match(/[^\s<>;:"]+@[^\s<>;:"]+/)?.[0]?.toLowerCase();
}

function statusIn(text: string): string {
  return text.match(/\b[245]\.\d{1,3}\.\d{1,3}\b/)?.[0] ?? '';
}

/** The first line that looks like an SMTP reply. */
function diagnosticIn(text: string): string {
  return text.match(/^.*\b[45]\d\d[ -].*$/m)?.[0]?.trim() ?? '';
}
