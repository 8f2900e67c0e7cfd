import { DateTime } from 'luxon';

/** Regular working hours in the agent's time zone. */
export interface Shift {
  /** 1 = Monday … 7 = Sunday: the days on which it begins. */
  readonly weekdays: readonly number[];
  /** "HH:MM". */
  readonly start: string;
  /** "HH:MM"; at or before `start` means the next day. */
  readonly end: string;
}

/** Whether a shift covers the moment. No shifts at all means always. The end is not part of the shift. */
export function isOnShift(shifts: readonly Shift[], timeZone: string, nowMs: number): boolean {
  if (shifts.length === 0) return true;
  const now = DateTime.fromMillis(nowMs, { zone: timeZone });
  // A shift over midnight began yesterday.
  return [now, now.minus({ days: 1 })].some((day) =>
    shifts.some((shift) => {
      if (!shift.weekdays.includes(day.weekday)) return false;
      const start = atTime(day, shift.start);
      const end = atTime(shift.end <= shift.start ? day.plus({ days: 1 }) : day, shift.end);
      return start.toMillis() <= nowMs && nowMs < end.toMillis();
    }),
  );
}

/** The wall-clock time on that day. One that a clock change skips moves on by the change; one it repeats is the first. */
function atTime(day: DateTime, time: string): DateTime {
  const [hour, minute] = time.split(':').map(Number);
  return day.set({ hour: hour ?? 0, minute: minute ?? 0, second: 0, millisecond: 0 });
}
