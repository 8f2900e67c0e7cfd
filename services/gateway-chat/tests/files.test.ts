import { request } from 'node:http';
import { until } from '@tributary/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  inboundOf,
  openStores,
  outboundMessage,
  publish,
  type Replica,
  type Stores,
  startReplica,
  type TestClient,
} from './chat-harness.ts';

/** A 1 × 1 picture. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

let stores: Stores;
let replica: Replica;
let client: TestClient;

beforeEach(async () => {
  stores = await openStores();
  replica = await startReplica(stores, {
    environment: { CHAT_MAX_UPLOAD_BYTES: '100000', CHAT_MAX_UPLOADS_PER_SESSION: '3' },
  });
  client = await replica.join();
});

afterEach(async () => {
  await replica[Symbol.asyncDispose]();
  await stores[Symbol.asyncDispose]();
});

function upload(content: Uint8Array<ArrayBuffer>, name = 'photo.png', token = client.session.token): Promise<Response> {
  const body = new FormData();
  body.append('file', new Blob([content], { type: 'image/png' }), name);
  return replica.fetch('/chat/v1/files', { method: 'POST', body, headers: { authorization: `Bearer ${token}` } });
}

test('I5: a picture comes with its message and is given back to its own chat only', async () => {
  const inbound = await inboundOf(stores.eventLog);
  const response = await upload(png, '../secret/Gerät "1".png');
  expect(response.status).toBe(201);
  const { id, ...described } = (await response.json()) as { id: string };
  expect(described).toEqual({ name: 'Gerät "1".png', mediaType: 'image/png', size: png.length });
  client.write('', { uploads: [id] });
  await until('the message in the log', () => inbound.length > 0);
  expect(inbound[0]?.attachments).toMatchObject([
    { name: 'Gerät "1".png', blob: { mediaType: 'image/png', size: BigInt(png.length) } },
  ]);
  const message = await client.next('message');
  expect(message.attachments).toMatchObject([{ mediaType: 'image/png', path: '/chat/v1/messages/1/attachments/0' }]);

  const path = message.attachments[0].path as string;
  const downloaded = await replica.fetch(path, { headers: { authorization: `Bearer ${client.session.token}` } });
  expect(Buffer.from(await downloaded.arrayBuffer())).toEqual(png);
  expect(Object.fromEntries(downloaded.headers)).toMatchObject({
    'content-type': 'image/png',
    'content-disposition': `attachment; filename="Ger_t _1_.png"; filename*=UTF-8''Ger%C3%A4t%20%221%22.png`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
  });

  expect((await replica.fetch(path)).status).toBe(401);
  const stranger = await replica.join();
  const other = await replica.fetch(path, { headers: { authorization: `Bearer ${stranger.session.token}` } });
  expect(other.status).toBe(404);
  expect(await other.json()).toMatchObject({ code: 'not_found' });
  stranger.write('mine now', { uploads: [id] });
  expect(await stranger.next('error')).toMatchObject({ code: 'unknown_upload', field: 'uploads' });
});

test("an agent's attachment can be fetched", async () => {
  const { key, size, sha256 } = await stores.blobStore.put(Buffer.from('<script>'));
  await publish(
    stores.eventLog,
    outboundMessage(client.session.sessionId, '', {
      attachments: [
        { blob: { key, size: BigInt(size), sha256, mediaType: 'text/html' }, name: 'a.html', contentId: '' },
      ],
    }),
  );
  const message = await client.next('message');
  const downloaded = await replica.fetch(message.attachments[0].path as string, {
    headers: { authorization: `Bearer ${client.session.token}` },
  });
  expect(await downloaded.text()).toBe('<script>');
  expect(downloaded.headers.get('content-disposition')).toMatch(/^attachment;/);
});

test('what a file is shows in its bytes, not in what the client says', async () => {
  const refused = await upload(Buffer.from('<svg onload="alert(1)">'), 'photo.png');
  expect(refused.status).toBe(415);
  expect(await refused.json()).toMatchObject({
    code: 'unsupported_media_type',
    field: 'file',
    allowed: expect.arrayContaining(['image/png']),
  });
  expect((await upload(new Uint8Array(), 'empty.png')).status).toBe(415);
  const webp = await upload(Buffer.from('RIFF\0\0\0\0WEBPVP8 '), 'photo.png');
  expect(await webp.json()).toMatchObject({ mediaType: 'image/webp' });
});

test('a file that is too large is refused with the limit, and nothing is kept', async () => {
  const refused = await upload(Buffer.concat([png, Buffer.alloc(200_000)]));
  expect(refused.status).toBe(413);
  expect(await refused.json()).toMatchObject({ code: 'too_large', field: 'file', limit: 100_000 });
});

test('files of a session are counted, and those refused are not', async () => {
  await upload(Buffer.from('no picture'));
  for (let count = 0; count < 3; count++) expect((await upload(png)).status).toBe(201);
  const refused = await upload(png);
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ code: 'too_many_uploads', limit: 3 });
});

test('a request that is no upload is told so', async () => {
  const headers = { authorization: `Bearer ${client.session.token}` };
  const json = await replica.fetch('/chat/v1/files', {
    method: 'POST',
    body: '{}',
    headers: { ...headers, 'content-type': 'application/json' },
  });
  expect(json.status).toBe(400);
  expect(await json.json()).toMatchObject({ code: 'bad_frame', field: 'file' });
  expect((await upload(png, 'x.png', 'forged')).status).toBe(401);
});

test('an upload that breaks off is no fault, and its place is free again', async () => {
  const half = request({
    port: replica.port,
    path: '/chat/v1/files',
    method: 'POST',
    headers: {
      authorization: `Bearer ${client.session.token}`,
      'content-type': 'multipart/form-data; boundary=x',
      'content-length': 50_000,
    },
  });
  half.on('error', () => {});
  half.write('--x\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\n\r\n');
  half.write(png);
  await new Promise((resolve) => half.write(Buffer.alloc(1000), resolve));
  half.destroy();
  for (let count = 0; count < 3; count++) await until('an upload', async () => (await upload(png)).status === 201);
});
