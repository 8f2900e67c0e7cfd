import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import { ListTicketsRequest, TicketServiceService } from '@tributary/contracts';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { connectGrpc, createLogger, systemClock } from '@tributary/runtime';
import { createStandalone } from '@tributary/standalone';
import { until } from '@tributary/testing';
import { createTransport } from 'nodemailer';
import { expect, onTestFinished, test } from 'vitest';

/** Tributary on a data folder, in this process. */
async function run(dataFolder: string) {
  const stack = new AsyncDisposableStack();
  const eventLog = stack.use(await openEmbeddedLog({ folder: join(dataFolder, 'log') }));
  const docStore = stack.use(await openEmbeddedStore({ folder: join(dataFolder, 'documents') }));
  const blobStore = stack.use(await openDirectoryStore({ folder: join(dataFolder, 'blobs') }));
  const system = await createStandalone({
    ...{ eventLog, docStore, blobStore, clock: systemClock, logger: createLogger('e2e', 'error') },
    ...{ host: '127.0.0.1', httpPort: 0, grpcPort: 0 },
    environment: {
      ...{ HOST: '127.0.0.1', SMTP_PORT: '0', EMAIL_OUT: `file:${join(dataFolder, 'outbox')}` },
      ...{ ROUTER_SEED_PRESENCE: 'online', ACKNOWLEDGEMENTS_PER_HOUR: '1000' },
    },
  });
  await system.start();
  stack.defer(() => system.stop());
  const tickets = stack.use(connectGrpc(`127.0.0.1:${system.ports.grpc}`)).api(TicketServiceService);
  const smtp = createTransport({ host: '127.0.0.1', port: system.ports.smtp, ignoreTLS: true });
  return {
    /** Resolves when the mail was acknowledged with 250. */
    send: (subject: string) =>
      smtp.sendMail({
        ...{ from: 'mei@example.com', to: 'support@tributary.local', subject, text: `My lamp is dead: ${subject}` },
        attachments: [{ filename: 'lamp.txt', content: `a picture for ${subject}` }],
      }),
    /** Subject → how many tickets have it, and the sizes of what was attached. */
    async tickets() {
      const found = new Map<string, number>();
      for (let pageToken = ''; ; ) {
        const page = await tickets.listTickets(ListTicketsRequest.fromPartial({ pageSize: 100, pageToken }));
        for (const { subject } of page.tickets) found.set(subject, (found.get(subject) ?? 0) + 1);
        if (page.nextPageToken === '') return found;
        pageToken = page.nextPageToken;
      }
    },
    /** The attached bytes of the ticket with this subject. */
    async attachment(subject: string) {
      const query = { query: subject, filter: undefined, pageSize: 100, pageToken: '' };
      const { tickets: found } = await tickets.searchTickets(query);
      const { entries } = await tickets.getTicket({ id: found.find((one) => one.subject === subject)?.id ?? '' });
      const key = entries.flatMap(({ attachments }) => attachments)[0]?.blob?.key ?? '';
      const content = await blobStore.get(key);
      return content === undefined ? undefined : Buffer.concat(await content.toArray()).toString();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const cli = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));

/** `tributary backup|restore FOLDER`. @throws with what it printed when it fails. */
async function tributary(command: 'backup' | 'restore', folder: string, dataFolder: string): Promise<void> {
  await promisify(execFile)(process.execPath, ['--conditions=@tributary/source', cli, command, folder], {
    env: { ...process.env, TRIBUTARY_DATA_DIR: dataFolder },
  });
}
const backUp = (dataFolder: string, folder: string) => tributary('backup', folder, dataFolder);
const restore = (folder: string, dataFolder: string) => tributary('restore', folder, dataFolder);

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-backup-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('P3: what was acknowledged before a backup of the running system is on one ticket each after it is restored, and it goes on', async () => {
  const folder = await temporaryFolder();
  const acknowledged: string[] = [];
  const copies: { folder: string; before: readonly string[] }[] = [];
  {
    await using system = await run(join(folder, 'data'));
    let going = true;
    const load = Array.from({ length: 4 }, async (_, lane) => {
      for (let count = 1; going; count += 1) {
        const subject = `lamp ${lane}-${count}`;
        await system.send(subject);
        acknowledged.push(subject);
      }
    });
    for (const [index, wanted] of [5, 25, 60].entries()) {
      await until('some mails', () => acknowledged.length >= wanted, { timeoutMs: 60_000 });
      const copy = { folder: join(folder, `backup-${index}`), before: [...acknowledged] };
      await backUp(join(folder, 'data'), copy.folder);
      copies.push(copy);
    }
    going = false;
    await Promise.all(load);
  }
  for (const [index, copy] of copies.entries()) {
    const restored = join(folder, `restored-${index}`);
    await restore(copy.folder, restored);
    await using system = await run(restored);
    await system.send('after the restore');
    const tickets = await until('the tickets', async () => {
      const found = await system.tickets();
      return [...copy.before, 'after the restore'].every((subject) => found.has(subject)) && found;
    });
    expect([...tickets.values()].every((count) => count === 1)).toBe(true);
    const subject = copy.before[0] ?? '';
    expect(await system.attachment(subject)).toContain(`a picture for ${subject}`);
  }
}, 180_000);

test('a backup is complete or none, and never written over something', async () => {
  const folder = await temporaryFolder();
  const data = join(folder, 'data');
  await expect(backUp(data, join(folder, 'backup'))).rejects.toThrow('there is no documents/docstore.sqlite in');
  await (await run(data))[Symbol.asyncDispose]();
  await backUp(data, join(folder, 'backup'));
  await expect(backUp(data, join(folder, 'backup'))).rejects.toThrow('is there already');
  await expect(restore(join(folder, 'backup'), data)).rejects.toThrow('is not empty');
  await expect(restore(folder, join(folder, 'new'))).rejects.toThrow('is missing: this is no complete backup');
  const database = join(folder, 'backup', 'log', 'log.db');
  const bytes = await readFile(database);
  await writeFile(database, bytes.fill(7, bytes.length - 1));
  await expect(restore(join(folder, 'backup'), join(folder, 'new'))).rejects.toThrow('its SHA-256 differs');
  await writeFile(join(folder, 'backup', 'manifest.json'), '{"format":2}');
  await expect(restore(join(folder, 'backup'), join(folder, 'new'))).rejects.toThrow('format');
});
