import { createHmac, timingSafeEqual } from 'node:crypto';
import { basename } from 'node:path';
import type { BlobStore } from '@tributary/blobstore';
import type { Attachment } from '@tributary/contracts';
import { type Webhook, WebhookRefusal } from '@tributary/gateway-kit';
import type { Clock } from '@tributary/runtime';

/** Twilio fetches a file within minutes; a message that waits in its queue does so for 4 hours at most. */
const validMs = 6 * 60 * 60_000;

const fields = ['key', 'type', 'name', 'until'] as const;

/** Addresses from which Twilio may fetch what we send with a message: signed, and good for six hours. */
export function createMediaLinks(options: {
  /** Without a slash at its end. */
  readonly address: string;
  /** Those of the accounts; any of them may have signed, so that replicas know each other's links. */
  readonly secrets: readonly string[];
  readonly blobStore: BlobStore;
  readonly clock: Clock;
}) {
  const { address, secrets, blobStore, clock } = options;
  const sign = (query: URLSearchParams, secret: string) =>
    createHmac('sha256', `media ${secret}`)
      .update(JSON.stringify(fields.map((field) => query.get(field))))
      .digest('base64url');

  const webhook: Webhook = {
    method: 'GET',
    path: '/media',
    verify({ query }) {
      const given = Buffer.from(query.get('signature') ?? '');
      const known = secrets.some((secret) => {
        const expected = Buffer.from(sign(query, secret));
        return given.length === expected.length && timingSafeEqual(given, expected);
      });
      if (!known) throw new WebhookRefusal(403, 'the link is not one of ours');
      if (clock.now() > Number(query.get('until'))) throw new WebhookRefusal(403, 'the link has expired');
    },
    async receive({ query }) {
      const body = await blobStore.get(query.get('key') ?? '');
      if (body === undefined) throw new WebhookRefusal(404, 'there is no such file');
      // Twilio takes the name shown to the customer from here
      // (https://www.twilio.com/docs/messaging/guides/accepted-mime-types).
      const name = query.get('name');
      const headers = name ? { 'content-disposition': `inline; filename="${name}"` } : {};
      return { contentType: query.get('type') ?? 'application/octet-stream', headers, body };
    },
  };
  return {
    webhook,
    /** The address of one file. */
    linkTo({ blob, name }: Attachment): string {
      const query = new URLSearchParams({
        key: blob?.key ?? '',
        type: blob?.mediaType || 'application/octet-stream',
        name: plainName(name),
        until: String(clock.now() + validMs),
      });
      query.set('signature', sign(query, secrets[0] ?? ''));
      return `${address}?${query}`;
    },
  };
}

/** Twilio wants at most 20 plain characters. */
function plainName(name: string): string {
  const [, stem = '', extension = ''] = /^(.*?)(\.\w{1,5})?$/.exec(basename(name).replaceAll(/[^\w.-]+/g, '-')) ?? [];
  return stem.slice(0, 20 - extension.length) + extension;
}
