/** What became of one channel's messages. */
export interface ChannelFigures {
  readonly channel: string;
  readonly sent: number;
  readonly acknowledged: number;
  /** How many, by what was answered. */
  readonly errors: Readonly<Record<string, number>>;
  /** From the moment it was due until its acknowledgement, by percentile, in ms. Empty when none was acknowledged. */
  readonly latencyMs: Readonly<Record<string, number>>;
}

export interface LoadReport {
  /** Messages per second as asked for. Absent: as many as senders who wait bring. */
  readonly rate?: number;
  /** How long the load lasted. */
  readonly seconds: number;
  readonly channels: readonly ChannelFigures[];
  /** Records not yet handled by the router when the load ended; the time it then took to handle them, if it did. */
  readonly lag?: { readonly atEnd: number; readonly workedOffAfterSeconds?: number };
  /** Acknowledged messages by the time from the first one sent until the last one handled. */
  readonly handledPerSecond?: number;
  /** The load before this one, by senders who wait: what it could handle is the capacity. */
  readonly capacity?: LoadReport;
  /** Of a Tributary of its own, from the first message until its lag was gone. */
  readonly use?: {
    readonly processes: readonly {
      readonly name: string;
      /** Processor time. */
      readonly cpuSeconds: number;
      readonly maxMemoryMiB: number;
    }[];
    /** Of the processor time of all these processes together; broker and database are not among them. */
    readonly messagesPerCpuSecond: number;
    /** By store. */
    readonly diskBytesPerMessage: Readonly<Record<string, number>>;
  };
}

export function loadReportText({ capacity, ...report }: LoadReport): string {
  if (capacity === undefined) return textOf(report);
  const [before = 0, now = 0] = [capacity.handledPerSecond, report.handledPerSecond];
  return [
    textOf(capacity),
    textOf(report),
    `goodput at twice the capacity: ${round(now)}/s of ${round(before)}/s, a ratio of ${(now / before).toFixed(2)}`,
  ].join('\n\n');
}

function textOf({ rate, seconds, channels, lag, handledPerSecond, use }: Omit<LoadReport, 'capacity'>): string {
  const sent = channels.reduce((sum, channel) => sum + channel.sent, 0);
  const lines = [
    `Load: ${rate === undefined ? '64 senders who wait' : `${round(rate)} messages/s asked for`}, ${round(sent / seconds)}/s sent for ${round(seconds)} s; latency in ms from due to acknowledged`,
    row(['channel', 'sent', 'acknowledged', 'p50', 'p90', 'p99', 'p99.9', 'max', 'errors']),
    ...channels.map(({ channel, sent: count, acknowledged, latencyMs, errors }) =>
      row([
        channel,
        count,
        acknowledged,
        ...['p50', 'p90', 'p99', 'p99.9', 'max'].map((name) => latencyMs[name] ?? '–'),
        Object.entries(errors)
          .map(([what, times]) => `${what}: ${times}`)
          .join(', ') || 'none',
      ]),
    ),
  ];
  if (lag !== undefined) {
    const after =
      lag.workedOffAfterSeconds === undefined
        ? 'not worked off'
        : `worked off ${round(lag.workedOffAfterSeconds)} s later`;
    const handled = handledPerSecond === undefined ? '' : `; handled ${round(handledPerSecond)} messages/s`;
    lines.push(`lag of the router when the load ended: ${lag.atEnd} records, ${after}${handled}`);
  }
  if (use !== undefined) {
    for (const { name, cpuSeconds, maxMemoryMiB } of use.processes) {
      lines.push(`${name}: processor ${round(cpuSeconds)} s, memory at most ${Math.round(maxMemoryMiB)} MiB`);
    }
    const disks = Object.entries(use.diskBytesPerMessage).map(([store, bytes]) => `${store} ${Math.round(bytes)}`);
    lines.push(
      `${round(use.messagesPerCpuSecond)} messages per second of processor time; bytes of disk a message: ${disks.join(', ')}`,
    );
  }
  return lines.join('\n');
}

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell, index) => String(cell).padEnd(index === 0 ? 8 : index < 8 ? 12 : 0)).join(' ');
}

function round(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}
