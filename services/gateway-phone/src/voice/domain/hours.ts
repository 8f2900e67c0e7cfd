import { DateTime } from 'luxon';
import type { VoicePolicy } from './voice-policy.ts';

/** Whether calls are taken at this moment. Without hours always. `to` at or before `from` means the next day. */
export function isOpen({ hours }: Pick<VoicePolicy, 'hours'>, nowMs: number): boolean {
  if (hours === undefined) return true;
  const now = DateTime.fromMillis(nowMs, { zone: hours.time_zone });
  // What goes over midnight began yesterday.
  return [now, now.minus({ days: 1 })].some((day) =>
    hours.open.some(({ weekdays, from, to }) => {
      if (!weekdays.includes(day.weekday)) return false;
      const start = atTime(day, from);
      const end = atTime(to <= from ? day.plus({ days: 1 }) : day, to);
      return start <= nowMs && nowMs < end;
    }),
  );
}

/** "24:00" is the midnight that ends the day. */
function atTime(day: DateTime, time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return day
    .startOf('day')
    .plus({ days: hour === 24 ? 1 : 0 })
    .set({ hour: hour % 24, minute })
    .toMillis();
}
