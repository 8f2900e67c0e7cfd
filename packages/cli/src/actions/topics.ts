import { allTopics, topicAccess, topicAcls } from '@tributary/contracts';
import type { CliContext, GlobalOptions } from '../context.ts';
import { usageFailure } from '../failure.ts';
import { printJson } from '../text/json.ts';
import { table } from '../text/table.ts';
import { duration } from '../text/time.ts';

/** Prints the topics that the log has. */
export async function listTopics(context: CliContext, options: GlobalOptions): Promise<void> {
  const log = await context.connections.log();
  const topics = [...(await log.listTopics())].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (options.json) return printJson(context, { topics });
  if (topics.length === 0) {
    context.stderr.write("No topics. 'tributary topics apply' creates them.\n");
    return;
  }
  const rows = topics.map(({ name, partitions, retentionMs, records }) => [
    name,
    String(partitions),
    retentionMs < 0 ? 'for ever' : duration(retentionMs),
    String(records),
  ]);
  context.stdout.write(table(['TOPIC', 'PARTITIONS', 'KEPT', 'RECORDS'], rows, context.stdout.columns));
}

/** Brings the log's topics to what the contracts declare, each with its dead-letter topic. */
export async function applyTopics(context: CliContext, options: GlobalOptions): Promise<void> {
  const log = await context.connections.log({ create: true });
  const { created, changed } = await log.applyTopics(
    allTopics.map(({ name, partitions, retentionMs }) => ({ name, partitions, retentionMs })),
  );
  if (options.json) return printJson(context, { created, changed });
  const lines = [...created.map((name) => `created ${name}`), ...changed.map((name) => `changed ${name}`)];
  context.stdout.write(lines.length === 0 ? 'All topics are as declared.\n' : `${lines.join('\n')}\n`);
}

/** Prints one `kafka-acls.sh` a permission. A service's user on Kafka is called as the service. */
export function printAcls(context: CliContext, options: GlobalOptions & { readonly service?: string }): void {
  const { service } = options;
  const known = topicAccess.map((access) => access.service);
  if (service !== undefined && !known.includes(service))
    throw usageFailure(`--service must be one of ${known.join(', ')}`);
  const acls = topicAcls().filter((acl) => service === undefined || acl.service === service);
  if (options.json) {
    printJson(context, { acls });
    return;
  }
  const lines = acls.map(({ service: user, resource, name, isPrefix, operation }) => {
    const pattern = isPrefix ? ' --resource-pattern-type prefixed' : '';
    return `kafka-acls.sh --bootstrap-server "$KAFKA_BROKERS" --command-config "$KAFKA_CLIENT" --add --allow-principal User:${user} --operation ${operation} --${resource} ${name}${pattern}`;
  });
  context.stdout.write(`${lines.join('\n')}\n`);
}
