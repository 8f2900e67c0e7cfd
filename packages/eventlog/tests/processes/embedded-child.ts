// A process that appends to and reads from an embedded log until it is killed. Prints `acked <id>` after each
// acknowledgement, in the order of the acknowledgements, and `handled <id>` when a consumer has stored its effect.
import { writeSync } from 'node:fs';
import { openEmbeddedLog } from '../../src/embedded/index.ts';

const [folder = '', group = ''] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);

const log = await openEmbeddedLog({ folder });
await log.applyTopics([{ name: 'orders.v1', partitions: 6, retentionMs: -1 }]);
if (group !== '') {
  await log.consume({
    group,
    topics: ['orders.v1'],
    maxBatch: 20,
    handle: async ({ records }) => {
      for (const { headers } of records) say(`handled ${headers['ce_id']}`);
    },
  });
}
const append = async (key: string) => {
  for (let step = 0; ; step++) {
    const id = `${key}/${step}`;
    await log.append([{ topic: 'orders.v1', key, value: Buffer.alloc(500), headers: { ce_id: id } }]);
    say(`acked ${id}`);
  }
};
await Promise.all(Array.from({ length: 16 }, (_, index) => append(`key-${process.pid}-${index}`)));
