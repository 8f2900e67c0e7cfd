import { allTopics, deadLetterTopic } from '@tributary/contracts';
import type { EventLog, LogRecord } from '@tributary/eventlog';
import type { CliContext, GlobalOptions } from '../context.ts';
import { type CommandFailure, notFoundFailure } from '../failure.ts';
import { cloudEventJson } from '../text/cloud-event.ts';
import { printJsonLine } from '../text/json.ts';
import { momentOf } from '../text/time.ts';

export interface TailOptions extends GlobalOptions {
  readonly from: string;
  readonly follow: boolean;
  readonly key?: string;
  readonly limit?: number;
}

/** Without news for so long, the end counts as reached when nothing else tells. */
const quietMs = 1500;

/** Prints the records of a topic as JSON lines until the limit, the end (without `follow`) or Ctrl-C. */
export async function tailTopic(context: CliContext, name: string, options: TailOptions): Promise<void> {
  const names = allTopics.flatMap((topic) => [topic.name, deadLetterTopic(topic.name)]);
  if (!names.includes(name)) throw notFoundFailure(`There is no topic '${name}'. Topics: ${names.join(', ')}`);
  const from = whereFrom(options.from, context.now());
  const log = await context.connections.log();
  // Only then does it tell the end, and on a large Kafka counting is slow.
  const kept = !options.follow && from === 'start' ? await recordsKept(log, name) : Number.POSITIVE_INFINITY;
  if (kept === 0 || (!options.follow && from === 'end')) return;

  const ended = Promise.withResolvers<void>();
  const end = () => ended.resolve();
  context.signal.addEventListener('abort', end, { once: true });
  if (context.signal.aborted) return;
  let quiet: NodeJS.Timeout | undefined;
  const stopWhenQuiet = () => {
    if (options.follow) return;
    clearTimeout(quiet);
    quiet = setTimeout(end, quietMs);
  };
  let seen = 0;
  let printed = 0;
  const handle = (record: LogRecord) => {
    if (printed === options.limit || context.signal.aborted) return;
    seen++;
    if (options.key === undefined || record.key === options.key) {
      printJsonLine(context, cloudEventJson(record));
      printed++;
    }
    if (printed === options.limit || seen >= kept) end();
    else stopWhenQuiet();
  };
  const reader = await log.tail({ topics: [name], from, handle }).catch((error: Error) => {
    throw error.name === 'LogRefusedError' ? noSuchTopic(name) : error;
  });
  stopWhenQuiet();
  try {
    await Promise.race([ended.promise, reader.done]);
  } finally {
    clearTimeout(quiet);
    await reader.stop();
  }
}

function whereFrom(text: string, nowMs: number): 'start' | 'end' | number {
  return text === 'start' || text === 'end' ? text : momentOf("--from ('start', 'end' or a time)", text, nowMs, -1);
}

async function recordsKept(log: EventLog, name: string): Promise<number> {
  const topic = (await log.listTopics()).find((candidate) => candidate.name === name);
  if (topic === undefined) throw noSuchTopic(name);
  return topic.records;
}

function noSuchTopic(name: string): CommandFailure {
  return notFoundFailure(`The log has no topic ${name} yet. 'tributary topics apply' creates it.`);
}
