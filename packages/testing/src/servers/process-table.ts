import { readdirSync, readFileSync } from 'node:fs';

interface ProcessEntry {
  readonly pid: number;
  readonly state: string;
  readonly parentPid: number;
  readonly startTicks: string;
}

/** Reads one `/proc/<pid>/stat` line. The program's name stands in brackets and may hold spaces and brackets itself. */
export function parseProcessStat(stat: string): ProcessEntry | undefined {
  const nameEnd = stat.lastIndexOf(')');
  const pid = Number.parseInt(stat, 10);
  const fields = stat.slice(nameEnd + 2).split(' ');
  const [state, parentPid] = fields;
  const startTicks = fields[19];
  if (nameEnd < 0 || !Number.isInteger(pid) || state === undefined || startTicks === undefined) return undefined;
  return { pid, state, parentPid: Number(parentPid), startTicks };
}

function readProcess(pid: number | string): ProcessEntry | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined; // It ended, or this system has no /proc.
  }
}

/** The process and everything it started, directly or not. */
export function processTree(rootPid: number): number[] {
  const children = new Map<number, number[]>();
  let names: string[] = [];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [rootPid];
  }
  for (const name of names) {
    const entry = readProcess(name);
    if (entry === undefined) continue;
    children.set(entry.parentPid, [...(children.get(entry.parentPid) ?? []), entry.pid]);
  }
  const tree = [rootPid];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** True while the process runs; a zombie no longer does. */
export function isRunning(pid: number): boolean {
  const entry = readProcess(pid);
  if (entry !== undefined) return entry.state !== 'Z' && entry.state !== 'X';
  return process.platform !== 'linux' && answersSignal(pid);
}

/** A text that no other process of this machine has, also when a process id is used again; empty when it has ended. */
export function processIdentity(pid: number): string {
  const entry = readProcess(pid);
  if (entry !== undefined) return `${pid} ${entry.startTicks}`;
  return process.platform !== 'linux' && answersSignal(pid) ? `${pid}` : '';
}

function answersSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
