import { examples } from './examples.ts';
import { allTopics, deadLetterTopic } from './topics.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** The text of docs/events.md, from the topics' declaration and the examples. A test keeps the file equal to it. */
export function eventsDocument(): string {
  const table = allTopics.map(
    (topic) =>
      `| [\`${topic.name}\`](#${topic.name.replaceAll('.', '')}) | \`${topic.type}\` | \`${topic.keyedBy}\` | ${topic.partitions} | ${duration(topic.retentionMs)} |`,
  );
  const sections = allTopics.map((topic) => {
    const shown = (examples[topic.name] ?? []).map(
      (message) =>
        `Key \`${topic.key(message)}\`, \`ce_id: ${topic.id(message)}\`, \`ce_subject: ${topic.subject(message)}\`, \`ce_time: ${topic.time(message)?.toISOString()}\`\n\n\`\`\`json\n${JSON.stringify(topic.codec.toJSON(message), null, 2)}\n\`\`\``,
    );
    return `## ${topic.name}\n\nEach record is one \`${topic.type}\`; its fields are described in the .proto file.\n\n${shown.join('\n\n')}`;
  });
  return `# Events

Everything that happens leaves Tributary as an event on Kafka. An event is a protobuf message from \`proto/\` in
CloudEvents 1.0 binary mode: the record's value is the message, its headers are \`ce_specversion\`, \`ce_id\`, \`ce_type\`,
\`ce_source\`, \`ce_subject\`, \`ce_time\`, \`content-type: application/protobuf\` and, when a trace is running,
\`traceparent\`. \`npm run tributary -- tail TOPIC\` prints a topic as JSON lines, in the form shown here.

**Order.** Records with one key keep their order. **Repeats.** Delivery is at least once: the same fact always carries the
same \`ce_id\`, so drop what you have seen. Ticket events also carry \`sequence\`, 1, 2, 3 … per ticket, without gap or
duplicate number: drop what is not above the last you handled. **Growth.** Fields are only ever added; a reader must ignore
fields and cases it does not know. What cannot be decoded or violates the contract goes to \`<topic>.dlq\` (for example
\`${deadLetterTopic('messages.inbound.v1')}\`) with the headers \`dlq_cause\`, \`dlq_topic\`, \`dlq_partition\`, \`dlq_offset\`,
\`dlq_group\` and \`dlq_time\`, and is kept until a person replays it.

This page is generated from the declaration in \`packages/contracts/src/topics.ts\`; \`tributary topics apply\` creates the
topics from the same declaration.

| topic | type | key | partitions | retention |
|---|---|---|---|---|
${table.join('\n')}

${sections.join('\n\n')}
`;
}

function duration(ms: number): string {
  if (ms < 0) return 'for ever';
  return ms >= dayMs ? `${ms / dayMs} days` : `${ms / (60 * 60 * 1000)} h`;
}
