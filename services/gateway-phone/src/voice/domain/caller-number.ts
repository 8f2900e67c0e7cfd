/**
 * What stands for a number that is withheld: the letters of ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE on a
 * telephone's keys (https://support.twilio.com/hc/en-us/articles/223179988).
 */
const withheld: ReadonlySet<string> = new Set(['266696687', '7378742833', '2562533', '8656696', '86282452253']);

/** The caller's number in E.164; empty when it is withheld or not a telephone's. */
export function callerNumber(from: string): string {
  return /^\+[1-9]\d{6,14}$/.test(from) && !withheld.has(from.slice(1)) ? from : '';
}
