import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** JSON lines on standard error. Log ids; never contact data or message text. */
export function createLogger(service: string, level = 'info'): Logger {
  return pino({ name: service, level }, pino.destination({ dest: 2, sync: true }));
}
