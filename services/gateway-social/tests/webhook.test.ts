import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import {
  Automatic,
  DeliveryStatus,
  MessageKind,
  type OutboundMessage,
  SignalKind,
  Verification,
  Visibility,
} from '@tributary/contracts';
import { AccountUnavailableError, PermanentSendError, RetryLaterError } from '@tributary/gateway-kit';
import { until } from '@tributary/testing';
import { Webhook } from 'standardwebhooks';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readSocialConfig } from '../src/config.ts';
import { webhookAccount } from '../src/webhook/account.ts';
import { createWebhookChannel } from '../src/webhook/channel.ts';
import { signedHeaders, signingKey, verifyingKey } from '../src/webhook/standard-webhooks.ts';
import { answerTo, openWorld } from './world.ts';

const secret = () => `whsec_${randomBytes(32).toString('base64')}`;
const hello = { type: 'message.created', conversation: 'c1', sender: { id: 'mei', name: 'Mei' }, text: 'It smokes' };

function ed25519Pair() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const half = (key: string | undefined) => Buffer.from(key ?? '', 'base64url');
  const [seed, shown] = [half(privateKey.export({ format: 'jwk' }).d), half(publicKey.export({ format: 'jwk' }).x)];
  return {
    short: `whsk_${seed.toString('base64')}`,
    long: `whsk_${Buffer.concat([seed, shown]).toString('base64')}`,
    publicKey: `whpk_${shown.toString('base64')}`,
  };
}

/** A gateway with one account, and a platform that signs with a key of the test's choice. */
async function shopWorld(account: object = {}) {
  const world = await openWorld();
  const key = secret();
  const settings = webhookAccount.parse({ name: 'shop', verifyWith: [key], signWith: [key], ...account });
  const channel = createWebhookChannel([settings], world.dependencies);
  const { url } = await world.run(() => channel);
  let counter = 0;
  return {
    ...world,
    channel,
    url,
    key,
    async post(document: object | string, signWith: string = key, headers: Record<string, string> = {}) {
      const body = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
      const signed = signedHeaders(`msg_${++counter}`, world.clock.now(), body, [signingKey.parse(signWith)]);
      const answer = await fetch(`${url}/channels/webhook/shop`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signed, ...headers },
        body,
      });
      const text = await answer.text();
      return { status: answer.status, error: text === '' ? '' : String(JSON.parse(text).error) };
    },
  };
}

describe('signatures', () => {
  test('are those of the Standard Webhooks project’s own library, in both directions', () => {
    const key = secret();
    const body = Buffer.from('{"text":"电池冒烟"}');
    const headers = signedHeaders('msg_1', Date.now(), body, [signingKey.parse(key)]);
    expect(new Webhook(key).verify(body, headers)).toEqual({ text: '电池冒烟' });
    const at = new Date(1_674_087_231_000);
    expect(new Webhook(key).sign('msg_1', at, body.toString())).toBe(
      signedHeaders('msg_1', at.getTime(), body, [signingKey.parse(key)])['webhook-signature'],
    );
  });

  test('with Ed25519 are made from a seed or a whole secret key, and known by the public key', async () => {
    const { short, long, publicKey } = ed25519Pair();
    const { post, messages } = await shopWorld({ verifyWith: [publicKey] });
    expect((await post(hello, short)).status).toBe(200);
    expect((await post(hello, long)).status).toBe(200);
    expect((await post(hello, ed25519Pair().short)).status).toBe(401);
    await messages(2);
  });

  test('any one of several is enough, by the old or the new key, while keys are replaced', async () => {
    const [old, next] = [secret(), secret()];
    const { post } = await shopWorld({ verifyWith: [old, next] });
    expect((await post(hello, old)).status).toBe(200);
    expect((await post(hello, next)).status).toBe(200);
    const { publicKey } = ed25519Pair();
    const both = await shopWorld({ verifyWith: [next, publicKey] });
    const body = Buffer.from(JSON.stringify(hello));
    const keys = [signingKey.parse(old), signingKey.parse(next)];
    const headers = signedHeaders('msg_both', both.clock.now(), body, keys);
    expect(headers['webhook-signature'].split(' ')).toHaveLength(2);
    expect((await both.post(hello, old)).status).toBe(401);
    expect((await both.post(hello, old, headers)).status).toBe(200);
  });

  test('a key that is none is refused when the configuration is read, with what it must be', () => {
    for (const wrong of ['whsec_short', 'whsec_***', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', ed25519Pair().short]) {
      expect(verifyingKey.safeParse(wrong).success).toBe(false);
    }
    const account = { channel: 'webhook', name: 'Shop', verifyWith: ['whsec_x'] };
    const read = () => readSocialConfig({ SOCIAL_ACCOUNTS: JSON.stringify([account]) });
    expect(read).toThrow('SOCIAL_ACCOUNTS[0.name]: must be lower-case letters, digits and hyphens');
    expect(read).toThrow(/SOCIAL_ACCOUNTS\[0.verifyWith.0\]: must be whsec_ and 24 to 64 bytes in base64, or whpk_/);
    expect(read).not.toThrow(/whsec_x/);
  });

  test('an id with a full stop, a timestamp that is no whole number, or a missing header is refused', async () => {
    const { post } = await shopWorld();
    for (const headers of [{ 'webhook-id': 'a.b' }, { 'webhook-timestamp': '1e9' }, { 'webhook-signature': '' }]) {
      const { status, error } = await post(hello, undefined, headers as Record<string, string>);
      expect(status).toBe(401);
      expect(error).toContain(Object.keys(headers)[0]);
    }
  });
});

describe('what comes in', () => {
  test('every field of a document reaches the message', async () => {
    const { post, messages } = await shopWorld();
    const content = Buffer.from('a picture').toString('base64');
    const { status, error } = await post({
      ...hello,
      id: 'p7',
      sender: { id: 'mei', name: 'Mei', kind: 'email', address: 'mei@example.org', verified: true },
      subject: 'Smoke',
      html: '<p>It <b>smokes</b><script>alert(1)</script></p>',
      attachments: [{ name: '../x/smoke.png', mediaType: 'image/png', content }],
      kind: 'comment',
      visibility: 'public',
      parent: 'p1',
      references: ['p1'],
      automatic: true,
      language: 'zh-CN',
      region: 'CN',
      time: '2026-05-01T16:00:00+08:00',
      attributes: { app: '7.1' },
    });
    expect([status, error]).toEqual([200, '']);
    const [message] = await messages(1);
    expect(message).toMatchObject({
      channel: 'webhook',
      account: 'shop',
      providerMessageId: 'p7',
      conversationKey: 'webhook:shop:c1',
      sender: {
        kind: 'webhook',
        address: 'shop:mei',
        displayName: 'Mei',
        verification: Verification.VERIFICATION_CHANNEL,
      },
      participants: [{ kind: 'email', address: 'mei@example.org', verification: Verification.VERIFICATION_CHANNEL }],
      subject: 'Smoke',
      text: 'It smokes',
      html: '<p>It <b>smokes</b></p>',
      attachments: [{ name: 'smoke.png', blob: { mediaType: 'image/png', size: 9n } }],
      kind: MessageKind.MESSAGE_KIND_COMMENT,
      visibility: Visibility.VISIBILITY_PUBLIC,
      parentProviderMessageId: 'p1',
      references: ['p1'],
      automatic: Automatic.AUTOMATIC_GENERATED,
      languageHint: 'zh-CN',
      regionHint: 'CN',
      providerTime: new Date('2026-05-01T08:00:00Z'),
      attributes: { app: '7.1' },
    });
  });

  test('the same id under another webhook-id is the same message; without an id the webhook-id tells', async () => {
    const { post, messages, inbound, key, clock, url } = await shopWorld();
    await post({ ...hello, id: 'p1' });
    await post({ ...hello, id: 'p1' });
    for (let attempt = 0; attempt < 3; attempt++) await sendAs('msg_7');
    await sendAs('msg_8');
    await messages(3);
    expect(inbound.map(({ providerMessageId }) => providerMessageId)).toEqual(['p1', 'msg_7', 'msg_8']);

    async function sendAs(webhookId: string) {
      const body = Buffer.from(JSON.stringify(hello));
      const headers = signedHeaders(webhookId, clock.now(), body, [signingKey.parse(key)]);
      await fetch(`${url}/channels/webhook/shop`, { method: 'POST', headers, body });
    }
  });

  test('an address that is not verified is only claimed', async () => {
    const { post, messages } = await shopWorld();
    await post({ ...hello, sender: { id: 'mei', kind: 'email', address: 'ceo@example.org' } });
    const [message] = await messages(1);
    expect(message?.participants).toMatchObject([{ verification: Verification.VERIFICATION_CLAIMED }]);
  });

  test('an edit is a message of its own that says so and refers to what it changes', async () => {
    const { post, messages } = await shopWorld();
    await post({ ...hello, id: 'p1' });
    const edit = { ...hello, type: 'message.edited', id: 'p1', text: 'It burns', time: '2026-05-01T08:00:00Z' };
    await post(edit);
    await post(edit);
    await post({ ...edit, text: 'It is out', time: '2026-05-01T08:05:00Z' });
    const [first, second, third] = await messages(3);
    expect(second).toMatchObject({ text: '[Edited] It burns', references: ['p1'] });
    expect(second?.attributes['edited_message_id']).toBe(first?.id);
    expect(third?.text).toBe('[Edited] It is out');
  });

  test.each([
    ['not JSON', 'hello', /the body must be JSON/],
    ['no type', { text: 'x' }, /type: must be one of message.created/],
    ['no sender', { ...hello, sender: undefined }, /sender: /],
    ['a misspelt field', { ...hello, txt: 'x' }, /txt/],
    ['nothing said', { ...hello, text: ' ' }, /text: must not be empty when there are no attachments/],
    ['a comment under nothing', { ...hello, kind: 'comment' }, /parent: must be given for a comment/],
    ['a time without offset', { ...hello, time: '2026-05-01T08:00:00' }, /time: must be an RFC 3339 time/],
    ['an unknown kind', { ...hello, kind: 'story' }, /kind: .*"message"\|"post"\|"comment"/],
    [
      'both url and content',
      { ...hello, attachments: [{ url: 'https://x.example/a', content: 'YQ==' }] },
      /attachments.0: must have either/,
    ],
    [
      'content that is no base64',
      { ...hello, attachments: [{ content: 'a*b' }] },
      /attachments.0.content: must be base64/,
    ],
    [
      'an address without its kind',
      { ...hello, sender: { id: 'm', address: 'a@b' } },
      /sender.address: must be given together/,
    ],
  ])('%s is refused with 400, the field and its rule', async (_name, document, expected) => {
    const { post } = await shopWorld();
    const { status, error } = await post(document);
    expect(status).toBe(400);
    expect(error).toMatch(expected);
  });

  test('a file is fetched only from the hosts of the account; from elsewhere it is noted as refused', async () => {
    const files = await listen((_headers, _body, response) =>
      response.writeHead(200, { 'content-type': 'image/png' }).end('png'),
    );
    const { post, messages } = await shopWorld({ fileHosts: [new URL(files).host] });
    await post({
      ...hello,
      attachments: [
        { url: `${files}/a.png`, name: 'a.png' },
        { url: 'http://169.254.169.254/latest', name: 'b' },
      ],
    });
    const [message] = await messages(1);
    expect(message?.attachments).toMatchObject([{ name: 'a.png', blob: { mediaType: 'image/png' } }]);
    expect(message?.refusals).toMatchObject([{ what: 'b', reason: expect.stringContaining('169.254.169.254') }]);
  });

  test('signs of life become signals of the conversation', async () => {
    const { post, signals } = await shopWorld();
    for (const type of ['typing.started', 'typing.stopped', 'customer.left']) {
      expect((await post({ type, conversation: 'c1' })).status).toBe(200);
    }
    await until('the signals', () => signals.length === 3);
    expect(signals.map(({ conversationKey, kind }) => [conversationKey, kind])).toEqual([
      ['webhook:shop:c1', SignalKind.SIGNAL_KIND_TYPING_STARTED],
      ['webhook:shop:c1', SignalKind.SIGNAL_KIND_TYPING_STOPPED],
      ['webhook:shop:c1', SignalKind.SIGNAL_KIND_CUSTOMER_LEFT],
    ]);
  });

  test('receipts tell what became of a reply; of one that we never sent they are passed over', async () => {
    const platform = await listen((_headers, _body, response) => response.end('{"id":"platform-1"}'));
    const { post, publish, deliveries, messages } = await shopWorld({ url: platform, allowPrivateAddress: true });
    await post({ ...hello, id: 'p1' });
    const [message] = await messages(1);
    if (message === undefined) throw new Error('no message');
    await publish(answerTo(message));
    await until('the reply to be sent', () => deliveries.length === 1);
    const receipt = (status: string, more: object = {}) =>
      post({ type: 'delivery.updated', message: 'reply-to-p1', status, ...more });
    expect((await receipt('delivered')).status).toBe(200);
    expect((await receipt('read')).status).toBe(200);
    expect((await receipt('failed', { reason: 'the inbox is full', code: 'E7' })).status).toBe(200);
    expect((await post({ type: 'delivery.updated', message: 'nobody', status: 'read' })).status).toBe(200);
    await until('the receipts', () => deliveries.length === 4);
    expect(deliveries.map(({ status, reason, providerCode }) => [status, reason, providerCode])).toEqual([
      [DeliveryStatus.DELIVERY_STATUS_SENT, '', ''],
      [DeliveryStatus.DELIVERY_STATUS_DELIVERED, '', ''],
      [DeliveryStatus.DELIVERY_STATUS_READ, '', ''],
      [DeliveryStatus.DELIVERY_STATUS_FAILED, 'the inbox is full', 'E7'],
    ]);
  });

  test('an account that is not there is 404', async () => {
    const { url } = await shopWorld();
    const answer = await fetch(`${url}/channels/webhook/nobody`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(404);
  });
});

describe('the OpenAPI page', () => {
  test('describes every document in both directions, as JSON Schema with our limits', async () => {
    const { url } = await shopWorld();
    const answer = await fetch(`${url}/channels/webhook/openapi.json`);
    expect(answer.headers.get('content-type')).toContain('application/json');
    const page = JSON.parse(await answer.text());
    expect(page.openapi).toBe('3.1.0');
    expect(Object.keys(page.components.schemas).sort()).toEqual([
      'CustomerSignal',
      'DeliveryUpdated',
      'MessageCreated',
      'MessageEdited',
      'ReplyAccepted',
      'ReplyCreated',
    ]);
    const { MessageCreated } = page.components.schemas;
    expect(MessageCreated.required).toEqual(['type', 'conversation', 'sender']);
    expect(MessageCreated.properties.text.maxLength).toBe(100_000);
    const references = JSON.stringify(page).match(/#\/components\/schemas\/\w+/g) ?? [];
    for (const reference of references)
      expect(page.components.schemas).toHaveProperty(reference.split('/').at(-1) ?? '');
  });
});

describe('what goes out', () => {
  const message = (fields: Partial<OutboundMessage> = {}): OutboundMessage =>
    answerTo(
      {
        ...{ channel: 'webhook', account: 'shop', conversationKey: 'webhook:shop:c1', providerMessageId: 'p1' },
        sender: { kind: 'webhook', address: 'shop:mei', displayName: 'Mei', verification: 2 },
        visibility: Visibility.VISIBILITY_PRIVATE,
      } as Parameters<typeof answerTo>[0],
      fields,
    );

  async function platformWorld(answer: (response: ServerResponse) => unknown) {
    const requests: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
    const platform = await listen((headers, body, response) => {
      requests.push({ headers, body });
      answer(response);
    });
    const world = await shopWorld({ url: `${platform}/replies`, allowPrivateAddress: true });
    const send = (fields: Partial<OutboundMessage> = {}) =>
      world.channel.send(message(fields)).catch((error: unknown) => error as Error);
    return { ...world, requests, send };
  }

  test('a reply is signed, and its id is the webhook-id of every attempt', async () => {
    const { send, requests, key, dependencies } = await platformWorld((response) =>
      response.end('{"id":"platform-1"}'),
    );
    const blob = await dependencies.blobStore.put(Buffer.from('a leaflet'));
    const attachments = [
      { name: 'leaflet.pdf', contentId: '', blob: { ...blob, size: BigInt(blob.size), mediaType: 'application/pdf' } },
    ];
    expect(await send({ attachments })).toEqual({ providerMessageId: 'platform-1' });
    await send({ attachments });
    expect(requests.map(({ headers }) => headers['webhook-id'])).toEqual(['reply-to-p1', 'reply-to-p1']);
    const [{ headers, body } = { headers: {}, body: Buffer.alloc(0) }] = requests;
    expect(new Webhook(key).verify(body, headers as Record<string, string>)).toMatchObject({
      type: 'reply.created',
      id: 'reply-to-p1',
      conversation: 'c1',
      recipient: { id: 'mei', name: 'Mei' },
      visibility: 'private',
      text: 'Unplug it at once.',
      attachments: [
        { name: 'leaflet.pdf', mediaType: 'application/pdf', content: Buffer.from('a leaflet').toString('base64') },
      ],
      ticket: '20260501001',
    });
  });

  test('a public reply names what it stands under, and no ticket', async () => {
    const { send, requests } = await platformWorld((response) => response.end());
    await send({ visibility: Visibility.VISIBILITY_PUBLIC, parentProviderMessageId: 'p1' });
    const document = JSON.parse(requests[0]?.body.toString() ?? '');
    expect(document).toMatchObject({ visibility: 'public', parent: 'p1' });
    expect(document).not.toHaveProperty('ticket');
  });

  test('a 2xx without a word is enough', async () => {
    const { send } = await platformWorld((response) => response.writeHead(204).end());
    expect(await send()).toEqual({ providerMessageId: 'reply-to-p1' });
  });

  test('a 4xx is permanent, with the beginning of the answer as its reason', async () => {
    const { send } = await platformWorld((response) =>
      response.writeHead(422).end(`Mei has left. ${'x'.repeat(5000)}`),
    );
    const error = await send();
    expect(error).toBeInstanceOf(PermanentSendError);
    expect(error).toMatchObject({ code: '422', message: expect.stringContaining('422: Mei has left.') });
    expect((error as Error).message.length).toBeLessThan(400);
  });

  test('after a 410 nothing more is sent', async () => {
    const { send, requests } = await platformWorld((response) => response.writeHead(410).end());
    expect(await send()).toBeInstanceOf(PermanentSendError);
    expect(await send({ id: 'another' })).toMatchObject({ name: 'PermanentSendError', code: '410' });
    expect(requests).toHaveLength(1);
  });

  test.each([
    [429, '7', 7000],
    [503, '120', 120_000],
    [429, undefined, 30_000],
    [503, '999999', 3_600_000],
  ])('%i with Retry-After %s is tried again after %i ms', async (status, after, expected) => {
    const { send } = await platformWorld((response) =>
      response.writeHead(status, after === undefined ? {} : { 'retry-after': after }).end(),
    );
    const error = await send();
    expect(error).toBeInstanceOf(RetryLaterError);
    expect(error).toMatchObject({ afterMs: expected });
  });

  test('Retry-After may be a date', async () => {
    const { send, clock } = await platformWorld((response) =>
      response.writeHead(429, { 'retry-after': new Date(clock.now() + 90_000).toUTCString() }).end(),
    );
    const { afterMs } = (await send()) as RetryLaterError;
    expect(afterMs).toBeGreaterThan(88_000);
    expect(afterMs).toBeLessThanOrEqual(90_000);
  });

  test.each([500, 502, 503, 408])('%i is a passing fault', async (status) => {
    const { send } = await platformWorld((response) => response.writeHead(status).end());
    const error = await send();
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(PermanentSendError);
    expect(error).not.toBeInstanceOf(RetryLaterError);
  });

  test('a redirect is not followed', async () => {
    const elsewhere = await platformWorld((response) => response.end());
    const { send } = await platformWorld((response) => response.writeHead(307, { location: elsewhere.url }).end());
    expect(await send()).toBeInstanceOf(AccountUnavailableError);
    expect(elsewhere.requests).toHaveLength(0);
  });

  test.each(['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', 'localhost', '2130706433'])(
    'security: %s is not connected to unless the account permits it',
    async (host) => {
      let called = false;
      const platform = await listen((_headers, _body, response) => {
        called = true;
        response.end();
      });
      const url = `http://${host}:${new URL(platform).port}/replies`;
      const { channel } = await shopWorld({ url });
      const error = await channel.send(message()).catch((fault: unknown) => fault);
      expect(error).toBeInstanceOf(AccountUnavailableError);
      expect(error).toMatchObject({ message: expect.stringContaining('not an address of the public internet') });
      expect(called).toBe(false);
    },
  );
});

/** An HTTP server for one test. */
async function listen(
  answer: (headers: IncomingHttpHeaders, body: Buffer, response: ServerResponse) => unknown,
): Promise<string> {
  const server = createServer(async (request, response) => {
    answer(request.headers, await buffer(request), response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
