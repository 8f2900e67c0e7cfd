import { cpus, totalmem } from 'node:os';

/** Where and how the table was made, as one line. */
export function machineLine(command: string, rounds: number, date = new Date()): string {
  const cores = cpus();
  const model = cores[0]?.model.trim() || process.arch;
  const memoryGb = Math.round(totalmem() / 1024 ** 3);
  const day = date.toISOString().slice(0, 10);
  return `${day}, ${cores.length} cores (${model}), ${memoryGb} GB, Node ${process.version.slice(1)}; median of ${rounds} interleaved rounds; \`${command}\`. How each is measured: [bench/README.md](bench/README.md).`;
}
