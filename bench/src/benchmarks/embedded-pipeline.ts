import { openEmbedded } from '../adapters.ts';
import type { Benchmark } from '../benchmark.ts';
import { appendMessages, appendSize, startPipeline } from '../pipeline.ts';
import { compare, perSecond, rateOf } from '../rounds.ts';
import { sampleMessages } from '../sample-messages.ts';
import { readSqlScript, runSqlScript, type SqlScript } from '../sql-script.ts';
import { nothingWritten } from '../watched-adapters.ts';

const messages = 2000;

/** From the append of a message to its ticket, stored, graded and decided, with every event published. */
export const embeddedPipeline: Benchmark = {
  name: 'embedded',
  async run(context) {
    const script = await capture();
    const result = await compare(
      { ours: runPipeline, bare: () => runSqlScript(script, messages, appendSize) },
      // A service runs for days: what is measured is compiled code.
      { ...context, warmUps: 4 },
    );
    return [
      {
        what: 'message → ticket, embedded / a bare SQL script writing the same rows',
        figure: `${perSecond(result.ours)} / ${perSecond(result.bare)}`,
        ratio: result.ratio,
        target: '≥ 0.5, aim 0.8',
        met: result.ratio >= 0.5,
      },
    ];
  },
};

async function runPipeline(): Promise<number> {
  const batch = sampleMessages(messages);
  await using adapters = await openEmbedded();
  await using pipeline = await startPipeline(adapters);
  return await rateOf(messages, async () => {
    const finished = pipeline.finished(messages);
    await appendMessages(adapters.eventLog, batch);
    await finished;
  });
}

/** One run whose rows the bare script writes again. */
async function capture(): Promise<SqlScript> {
  const written = nothingWritten();
  await using adapters = await openEmbedded();
  {
    await using pipeline = await startPipeline(adapters, { written });
    const finished = pipeline.finished(messages);
    await appendMessages(adapters.eventLog, sampleMessages(messages));
    await finished;
  }
  return readSqlScript(adapters.folder, written);
}
