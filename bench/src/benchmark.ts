/** One line of the table. */
export interface Row {
  /** What was measured, in words; both sides of a ratio. */
  readonly what: string;
  readonly figure: string;
  /** To the bare baseline, which was measured in the same run. Absent: there is none. */
  readonly ratio?: number;
  readonly target: string;
  /** Whether the target was met. Absent: it could not be measured. */
  readonly met?: boolean;
}

export interface BenchmarkContext {
  readonly rounds: number;
  /** Progress for a person. */
  report(line: string): void;
}

export interface Benchmark {
  /** For `--only`. */
  readonly name: string;
  /** Measures; one row per figure. A row without `met` says why it could not be measured. */
  run(context: BenchmarkContext): Promise<Row[]>;
}

/** The row of a benchmark that this machine cannot run. */
export function notMeasured(what: string, target: string, reason: string): Row {
  return { what, figure: `not measured: ${reason}`, target };
}
