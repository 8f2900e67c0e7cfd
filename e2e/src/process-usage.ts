import { readFile } from 'node:fs/promises';

/** What a process has used so far. */
export interface ProcessUsage {
  readonly memoryMiB: number;
  readonly cpuSeconds: number;
}

/** Linux counts processor time in these for whoever asks. */
const ticksPerSecond = 100;

/** @returns undefined when there is no such process, or the system does not tell (it is not Linux). */
export async function usageOf(pid: number | undefined): Promise<ProcessUsage | undefined> {
  if (pid === undefined) return undefined;
  try {
    const [status, stat] = await Promise.all(
      ['status', 'stat'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')),
    );
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status ?? '') ?? [];
    // Behind the program's name, which may hold spaces: user and system time are the 12th and 13th.
    const fields = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ');
    return {
      memoryMiB: Number(kilobytes) / 1024,
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    };
  } catch {
    return undefined;
  }
}
