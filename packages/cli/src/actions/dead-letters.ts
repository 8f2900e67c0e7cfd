import { allTopics, deadLetterTopic } from '@tributary/contracts';
import { type DeadLetter, findDeadLetter, listDeadLetters, replayDeadLetters } from '@tributary/eventlog';
import type { CliContext, GlobalOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure, notFoundFailure, usageFailure } from '../failure.ts';
import { cloudEventJson } from '../text/cloud-event.ts';
import { printJson } from '../text/json.ts';
import { plain } from '../text/plain.ts';
import { facts, table } from '../text/table.ts';
import { dateTime } from '../text/time.ts';

/** Prints the dead letters of one topic or of all. */
export async function listLetters(
  context: CliContext,
  topic: string | undefined,
  options: GlobalOptions & { readonly all?: true },
): Promise<void> {
  const log = await context.connections.log();
  const names = topic === undefined ? allTopics.map(({ name }) => name) : [topicNamed(topic)];
  const letters: DeadLetter[] = [];
  for (const name of names)
    letters.push(...(await listDeadLetters(log, name, { includeReplayed: options.all ?? false })));
  if (options.json) {
    printJson(context, { deadLetters: letters.map(letterJson) });
    return;
  }
  if (letters.length === 0) {
    context.stderr.write('No dead letters.\n');
    return;
  }
  const rows = letters.map(({ id, origin, time, group, record, cause, replayedAtMs }) => [
    origin.topic,
    id,
    dateTime(new Date(time)),
    group,
    record.key,
    replayedAtMs === undefined ? '' : dateTime(new Date(replayedAtMs)),
    cause,
  ]);
  const headings = ['TOPIC', 'ID', 'TIME', 'GROUP', 'KEY', 'REPLAYED', 'CAUSE'];
  context.stdout.write(table(headings, rows, context.stdout.columns));
}

/** Prints one dead letter with its content. */
export async function showLetter(
  context: CliContext,
  topic: string,
  id: string,
  options: GlobalOptions,
): Promise<void> {
  const letter = await letterWith(context, topicNamed(topic), id);
  if (options.json) {
    printJson(context, letterJson(letter));
    return;
  }
  const { origin, record, replayedAtMs } = letter;
  const head = facts([
    ['dead letter', letter.id],
    ['cause', letter.cause],
    ['time', dateTime(new Date(letter.time))],
    ['group', letter.group],
    ['origin', `${origin.topic}, partition ${origin.partition}, offset ${origin.offset}`],
    ['key', record.key],
    ['size', `${record.value.length} bytes`],
    ['replayed', replayedAtMs === undefined ? 'no' : dateTime(new Date(replayedAtMs))],
  ]);
  context.stdout.write(`${head}\n${plain(JSON.stringify(cloudEventJson(record), null, 2))}\n`);
}

/** Puts dead letters back into the topic they came from. Consumers drop those they have handled after all. */
export async function replayLetters(
  context: CliContext,
  topic: string,
  ids: readonly string[],
  options: GlobalOptions & { readonly all?: true; readonly again?: true },
): Promise<void> {
  if ((ids.length === 0) === !options.all) throw usageFailure('replay needs either ids or --all');
  const name = topicNamed(topic);
  const log = await context.connections.log();
  const letters = options.all
    ? await listDeadLetters(log, name, { includeReplayed: options.again ?? false })
    : await Promise.all(ids.map((id) => letterWith(context, name, id)));
  const done = letters.filter(({ replayedAtMs }) => replayedAtMs !== undefined);
  if (done.length > 0 && !options.again) {
    const message = `Already replayed: ${done.map(({ id }) => id).join(', ')}. --again does it once more.`;
    throw new CommandFailure(exitCodes.refused, 'ALREADY_REPLAYED', message);
  }
  if (letters.length > 0) await replayDeadLetters(log, letters);
  if (options.json) printJson(context, { replayed: letters.map(({ id }) => id) });
  else context.stdout.write(`Replayed ${letters.length} of ${name}.\n`);
}

async function letterWith(context: CliContext, topic: string, id: string): Promise<DeadLetter> {
  const letter = await findDeadLetter(await context.connections.log(), topic, id);
  if (letter === undefined) throw notFoundFailure(`There is no dead letter ${id} of ${topic}.`);
  return letter;
}

/** The topic meant, also when its dead-letter topic is named. */
function topicNamed(name: string): string {
  const topic = allTopics.find((candidate) => candidate.name === name || deadLetterTopic(candidate.name) === name);
  if (topic !== undefined) return topic.name;
  throw notFoundFailure(
    `There is no topic '${name}'. Topics: ${allTopics.map((candidate) => candidate.name).join(', ')}`,
  );
}

function letterJson({ id, origin, group, cause, time, replayedAtMs, record }: DeadLetter): Record<string, unknown> {
  const replayedTime = replayedAtMs === undefined ? null : new Date(replayedAtMs).toISOString();
  return { id, cause, time, group, origin, replayedTime, event: cloudEventJson(record) };
}
