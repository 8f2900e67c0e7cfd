import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** JSON lines on standard error. Log ids; never contact data or message text. Of errors see `describeError`. */
export function createLogger(service: string, level = 'info'): Logger {
  return pino({ name: service, level, serializers: { err: describeError } }, pino.destination({ dest: 2, sync: true }));
}

interface ErrorDescription {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
}

/**
 * An error as it is logged: what happened where, without what a customer wrote or is reached by. Libraries put that into messages
 * (a mail server's refusal names the mailbox, a parser quotes its input) and into further properties, such as a duplicate key's value.
 */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: withoutContacts(String(error)) };
  const { name, message, stack, cause } = error;
  const code = (error as { code?: unknown }).code;
  const frames = stack?.split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: name,
    // Parsers quote their input.
    message: error instanceof SyntaxError ? 'the input is malformed' : withoutContacts(message),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(frames !== undefined && { stack: frames.join('\n') }),
    ...(cause instanceof Error && { cause: describeError(cause) }),
  };
}

/** Mail addresses and telephone numbers masked; ids are hexadecimal or have letters around their digits. */
function withoutContacts(text: string): string {
  return text
    .replace(/[^\s<>"'(),:;]+@[^\s<>"'(),:;]+/g, '(address)')
    .replace(/(?<![\w.:-])\+?\d(?:[ ()/-]?\d){7,}(?![\w])/g, '(number)')
    .slice(0, 2000);
}
