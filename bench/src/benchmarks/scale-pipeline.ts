import { isUnavailable } from '@tributary/testing/servers';
import { MongoClient } from 'mongodb';
import { openScale, type Servers } from '../adapters.ts';
import { type Benchmark, notMeasured } from '../benchmark.ts';
import { type MongoScript, readMongoScript, runMongoScript } from '../mongo-script.ts';
import { appendMessages, appendSize, inboundRecord, startPipeline } from '../pipeline.ts';
import { kafkaServer, mongoServer } from '../real-servers.ts';
import { compare, perSecond, rateOf } from '../rounds.ts';
import { sampleMessages } from '../sample-messages.ts';
import { nothingWritten, type Written } from '../watched-adapters.ts';

const messages = 1000;
const what =
  'message → ticket, Kafka + MongoDB protocol / a bare kafkajs `eachBatch` + `bulkWrite` loop storing the same';
const target = '≥ 0.5, aim 0.8';

/** The same as `embedded`, on real servers. */
export const scalePipeline: Benchmark = {
  name: 'scale',
  async run(context) {
    const [kafka, mongo] = await Promise.all([kafkaServer(context.report), mongoServer(context.report)]);
    if (isUnavailable(kafka)) return [notMeasured(what, target, kafka.unavailable)];
    if (isUnavailable(mongo)) return [notMeasured(what, target, mongo.unavailable)];
    const servers = { kafkaBrokers: kafka.url, mongoUrl: mongo.url };
    let script: MongoScript | undefined;
    const written = nothingWritten();
    await runPipeline(servers, written, async (database) => {
      script = await readMongoScript(servers.mongoUrl, database, written);
    });
    const copied = script as unknown as MongoScript;
    const result = await compare(
      {
        ours: () => runPipeline(servers),
        bare: () => runMongoScript(copied, sampleMessages(messages).map(inboundRecord), appendSize, servers),
      },
      context,
    );
    return [
      {
        what,
        figure: `${perSecond(result.ours)} / ${perSecond(result.bare)}`,
        ratio: result.ratio,
        target,
        met: result.ratio >= 0.5,
      },
    ];
  },
};

async function runPipeline(
  servers: Servers,
  written?: Written,
  afterwards: (database: string) => Promise<void> = async () => {},
): Promise<number> {
  const batch = sampleMessages(messages);
  await using adapters = await openScale(servers);
  let rate: number;
  {
    await using pipeline = await startPipeline(adapters, written === undefined ? {} : { written });
    rate = await rateOf(messages, async () => {
      const finished = pipeline.finished(messages);
      await appendMessages(adapters.eventLog, batch);
      await finished;
    });
  }
  await afterwards(adapters.name);
  const client = new MongoClient(servers.mongoUrl);
  await client.db(adapters.name).dropDatabase();
  await client.close();
  return rate;
}
