import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import { expect, onTestFinished, test } from 'vitest';
import { keepFile } from '../src/index.ts';

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function store() {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-files-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return openDirectoryStore({ folder });
}

const file = (host: string) => ({
  url: `http://${host}/file`,
  headers: { authorization: 'Basic secret' },
  name: '../../photo.jpg',
  mediaType: '',
});

test('a file is kept with its size, digest and media type, its name without a path', async () => {
  const blobStore = await store();
  const host = await serve((_, response) => response.setHeader('content-type', 'image/jpeg; x=1').end('picture'));
  expect(await keepFile(file(host), { blobStore, hosts: [host], maxBytes: 100 })).toMatchObject({
    attachment: { name: 'photo.jpg', blob: { mediaType: 'image/jpeg', size: 7n } },
  });
});

test('only the hosts named are asked, also after a redirect, and credentials stay with the first', async () => {
  const blobStore = await store();
  const seen: (string | undefined)[] = [];
  const other = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.end('elsewhere');
  });
  const host = await serve((_, response) => response.writeHead(302, { location: `http://${other}/` }).end());
  expect(await keepFile(file(host), { blobStore, hosts: [host], maxBytes: 100 })).toHaveProperty('refusal');
  expect(seen).toEqual([]);
  expect(await keepFile(file(host), { blobStore, hosts: [host, other], maxBytes: 100 })).toHaveProperty('attachment');
  expect(seen).toEqual([undefined]);
  expect(await keepFile(file('169.254.169.254'), { blobStore, hosts: [host], maxBytes: 100 })).toHaveProperty(
    'refusal',
  );
});

test('too large or gone: a note says so; a server in trouble: it is to be tried again', async () => {
  const blobStore = await store();
  let status = 200;
  const host = await serve((_, response) => response.writeHead(status).end('x'.repeat(200)));
  const keep = () => keepFile(file(host), { blobStore, hosts: [host], maxBytes: 100 });
  expect(await keep()).toMatchObject({ refusal: { what: 'photo.jpg', reason: 'larger than 100 bytes' } });
  status = 404;
  expect(await keep()).toMatchObject({ refusal: { reason: 'the provider answered 404' } });
  status = 503;
  await expect(keep()).rejects.toThrow('answered 503');
});
