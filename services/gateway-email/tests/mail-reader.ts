import { createHmac } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import type { InboundMessage } from '@tributary/contracts';
import type { Receipt } from '@tributary/gateway-kit';
import { createLogger, systemClock } from '@tributary/runtime';
import { createMailparserParser } from '../src/adapters/mailparser-parser.ts';
import { readEmailConfig } from '../src/service.ts';
import { createMailAcceptance } from '../src/usecases/accept-mail.ts';
import type { Arrival } from '../src/usecases/describe-mail.ts';

const hash = (text: string) => createHmac('sha256', 'a key for tests').update(text).digest();
const { limits } = readEmailConfig({});

/** Reads mails into messages without a log: no conversation is known, nothing was sent. */
export async function openMailReader(overrides: Partial<typeof limits> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-mails-'));
  const blobStore = await openDirectoryStore({ folder });
  const bounced: ({ id: string } & Receipt)[] = [];
  const acceptance = createMailAcceptance({
    inbox: {
      accept: async () => {},
      deadLetter: async () => {},
      async report(id, receipt) {
        bounced.push({ id, ...receipt });
      },
    },
    sent: { find: async () => undefined, conversationOfTicket: async () => undefined },
    blobStore,
    parse: createMailparserParser(blobStore, { ...limits, ...overrides }, systemClock),
    clock: systemClock,
    logger: createLogger('test', 'silent'),
    limits: { ...limits, ...overrides },
    hash,
    ourAddresses: ['support@tributary.local'],
    trustedServers: ['mx.tributary.local'],
    regionOf: () => '',
  });
  const arrival: Arrival = { account: 'support@tributary.local', trusted: true };
  return {
    blobStore,
    bounced,
    read: (mail: string | Uint8Array, how: Partial<Arrival> = {}): Promise<InboundMessage> =>
      acceptance.normalise({ bytes: Buffer.from(mail) }, { ...arrival, ...how }),
    accept: (message: InboundMessage) => acceptance.accept([message]),
  };
}

const fixtures = join(import.meta.dirname, 'fixtures');

/** A mail as it lies in `fixtures/`, byte for byte. */
export function fixture(name: string): Buffer {
  return readFileSync(join(fixtures, `${name}.eml`));
}

export function fixtureNames(folder: string): string[] {
  return readdirSync(join(fixtures, folder)).map((file) => `${folder}/${file.replace(/\.eml$/, '')}`);
}
