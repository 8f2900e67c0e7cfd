/** `YYYYMMDDnnn`: the day and the running number of that day, at least three digits and more once they are used up. */
export function ticketNumber(day: string, runningNumber: number): string {
  return `${day}${String(runningNumber).padStart(3, '0')}`;
}
