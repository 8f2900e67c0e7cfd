import { usageFailure } from '../failure.ts';

const units: readonly (readonly [name: string, ms: number])[] = [
  ['d', 24 * 60 * 60 * 1000],
  ['h', 60 * 60 * 1000],
  ['min', 60 * 1000],
  ['s', 1000],
  ['ms', 1],
];

/** Its two largest units: `2 h 5 min`, `14 s`. */
export function duration(ms: number): string {
  let rest = Math.round(Math.abs(ms));
  const first = units.findIndex(([, size]) => rest >= size);
  if (first === -1) return '0 s';
  const parts: string[] = [];
  for (const [name, size] of units.slice(first, first + 2)) {
    // Milliseconds matter only below a second.
    if (name === 'ms' && parts.length > 0) break;
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(' ');
}

/** Local date and time to the second: `2026-11-22 07:33:12`. Empty for none. */
export function dateTime(time: Date | undefined): string {
  if (time === undefined) return '';
  const two = (part: number) => String(part).padStart(2, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** How long ago: `5 min`. Empty for none. */
export function age(time: Date | undefined, nowMs: number): string {
  return time === undefined ? '' : duration(Math.max(0, nowMs - time.getTime()));
}

const durationPattern = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)$/;
const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `500ms`, `30s`, `10m`, `2h`, `1d` → milliseconds. Undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = durationPattern.exec(text.trim()) ?? [];
  return count === undefined || unit === undefined ? undefined : Number(count) * (durationUnits[unit] ?? Number.NaN);
}

/** An ISO 8601 time → milliseconds since the epoch. Undefined when it is none. */
function parseTime(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A moment given as ISO 8601 time, or as a duration from `nowMs` on (`sign` 1) or back (`sign` -1). */
export function momentOf(option: string, text: string, nowMs: number, sign: 1 | -1): number {
  const length = parseDuration(text);
  const ms = length === undefined ? parseTime(text) : nowMs + sign * length;
  if (ms === undefined) {
    throw usageFailure(
      `${option}: '${text}' is neither an ISO 8601 time (2026-11-22T09:00:00Z) nor a duration (30s, 10m, 2h, 1d)`,
    );
  }
  return ms;
}
