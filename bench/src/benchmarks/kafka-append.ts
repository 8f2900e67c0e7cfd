import { randomUUID } from 'node:crypto';
import { topics } from '@tributary/contracts';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { isUnavailable } from '@tributary/testing/servers';
import { type Benchmark, notMeasured } from '../benchmark.ts';
import { bareKafka, bareProducer } from '../kafka-clients.ts';
import { inboundRecord } from '../pipeline.ts';
import { kafkaServer } from '../real-servers.ts';
import { compare, perSecond, rateOf } from '../rounds.ts';
import { sampleMessages } from '../sample-messages.ts';

const callers = 64;
const what = `Kafka: coalesced appends / single kafkajs sends, acks −1, ${callers} callers`;
const target = '≥ 5';

/** Callers that each append one record and wait for its acknowledgement before the next. */
export const kafkaAppend: Benchmark = {
  name: 'kafka',
  async run(context) {
    const kafka = await kafkaServer(context.report);
    if (isUnavailable(kafka)) return [notMeasured(what, target, kafka.unavailable)];
    const prefix = `bench-${randomUUID().slice(0, 8)}.`;
    await using log = await openKafkaLog({ brokers: kafka.url.split(','), clientId: 'bench', topicPrefix: prefix });
    await log.applyTopics([topics.inbound]);
    const producer = bareKafka(kafka.url).producer(bareProducer);
    await producer.connect();
    const records = sampleMessages(1000).map(inboundRecord);
    const recordOf = (number: number) => records[number % records.length] as (typeof records)[number];
    const result = await compare(
      {
        ours: () => callersOf(10_000, (number) => log.append([recordOf(number)])),
        bare: () =>
          callersOf(1500, (number) => {
            const { key, value, headers } = recordOf(number);
            const message = { key, value: Buffer.from(value), headers: { ...headers } };
            return producer.send({ topic: prefix + topics.inbound.name, acks: -1, messages: [message] });
          }),
      },
      { ...context, rounds: context.rounds * 2 },
    );
    await producer.disconnect();
    return [
      {
        what,
        figure: `${perSecond(result.ours)} / ${perSecond(result.bare)}`,
        ratio: result.ratio,
        target,
        met: result.ratio >= 5,
      },
    ];
  },
};

/** `count` calls, by callers who each wait for one before the next. */
function callersOf(count: number, call: (number: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  return rateOf(count, () =>
    Promise.all(
      Array.from({ length: callers }, async () => {
        while (next < count) await call(next++);
      }),
    ),
  );
}
