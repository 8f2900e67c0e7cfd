import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { cli } from './cli.ts';

describe('send email', () => {
  let server: SMTPServer;
  let smtp: string;
  let mails: { from: string; to: string[]; raw: string }[];
  let refuse: string | undefined;

  beforeEach(async () => {
    mails = [];
    refuse = undefined;
    server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, { envelope }, done) {
        void buffer(stream).then((raw) => {
          if (refuse !== undefined) return done(Object.assign(new Error(refuse), { responseCode: 550 }));
          const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
          mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), raw: raw.toString() });
          done();
        });
      },
    });
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    smtp = `127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise<void>((resolve) => server.close(resolve)));

  test('sends text, subject, attachments and threading, and prints the Message-ID', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-cli-'));
    const file = join(folder, 'photo.txt');
    await writeFile(file, 'a picture');
    const words = ['send', 'email', '--smtp', smtp, '--from', 'a@example.com', '--to', 'b@example.com'];
    const rest = ['--subject', '你好', '--text', '-', '--attach', file, '--in-reply-to', '<1@x>', '--json'];
    const { exitCode, stdout } = await cli([...words, ...rest], { stdin: 'My battery smokes' });
    await rm(folder, { recursive: true });
    expect(exitCode).toBe(0);
    expect(mails).toMatchObject([{ from: 'a@example.com', to: ['b@example.com'] }]);
    const raw = mails[0]?.raw ?? '';
    expect(raw).toContain('My battery smokes');
    expect(raw).toMatch(/filename="?photo\.txt/);
    expect(raw).toMatch(/In-Reply-To: <1@x>[\s\S]*References: <1@x>|References: <1@x>[\s\S]*In-Reply-To: <1@x>/);
    expect(raw).toContain(JSON.parse(stdout).messageId);
  });

  test("the server's refusal is shown as it came", async () => {
    refuse = 'too many of your mails';
    const { exitCode, stderr } = await cli(['send', 'email', '--smtp', smtp, '--text', 'x']);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('550 too many of your mails');
  });
});

describe('send chat', () => {
  let server: WebSocketServer;
  let url: string;
  let received: Record<string, unknown>[];
  let answer: (frame: Record<string, unknown>, socket: WebSocket) => void;
  const say = (socket: WebSocket, frame: object) => socket.send(JSON.stringify(frame));
  const message = (sequence: number, author: string, text: string) => ({
    type: 'message',
    sequence,
    id: `m${sequence}`,
    author,
    authorName: author === 'agent' ? 'Anna' : '',
    text,
    attachments: [],
    time: '2026-11-22T09:00:00Z',
  });

  beforeEach(async () => {
    received = [];
    server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/chat/v1/ws' });
    server.on('connection', (socket) =>
      socket.on('message', (data) => {
        const frame = JSON.parse(String(data));
        received.push(frame);
        answer(frame, socket);
      }),
    );
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    answer = (frame, socket) => {
      if (frame['type'] === 'hello') {
        say(socket, { type: 'welcome', sessionId: 's', token: 'tok', lastSequence: 1 });
        say(socket, message(1, 'agent', 'from earlier'));
      }
      if (frame['type'] === 'message') {
        say(socket, { type: 'ack', clientId: 'another', id: 'x', sequence: 1 });
        say(socket, { type: 'ack', clientId: frame['clientId'], id: 'inbound-1', sequence: 2 });
        say(socket, message(2, 'customer', String(frame['text'])));
        say(socket, message(3, 'system', 'We have your message.'));
        say(socket, { type: 'typing', active: true, authorName: 'Anna' });
        say(socket, message(4, 'agent', 'Update\u001b it.'));
      }
    };
  });
  afterEach(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });

  test('returns when the message is acknowledged', async () => {
    const words = ['send', 'chat', '--text', 'Hello', '--name', 'Joe', '--language', 'en', '--token', 'old'];
    const { exitCode, stdout, stderr } = await cli(words, { environment: { CHAT_URL: url } });
    expect(received).toEqual([
      { type: 'hello', version: 1, site: 'demo', name: 'Joe', language: 'en', token: 'old' },
      { type: 'message', clientId: 'id-1', text: 'Hello' },
    ]);
    expect(stdout).toBe('Sent inbound-1.\n');
    expect(stderr).toContain('--token tok');
    expect(exitCode).toBe(0);
  });

  test('--wait prints what comes until an agent has answered', async () => {
    const { stdout } = await cli(['send', 'chat', '--text', 'Hello', '--url', url, '--wait', '5s']);
    expect(stdout).toBe('Sent inbound-1.\nsystem: We have your message.\nAnna: Update· it.\n');
    const json = await cli(['send', 'chat', '--text', 'Hello', '--url', url, '--wait', '5s', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      messageId: 'inbound-1',
      sessionId: 's',
      token: 'tok',
      answers: [{ author: 'system' }, { author: 'agent', text: 'Update\u001b it.' }],
    });
  });

  test('an error frame is a refusal with its reason', async () => {
    answer = (_frame, socket) =>
      say(socket, { type: 'error', code: 'unknown_site', message: 'site: is not served here' });
    const { exitCode, stderr } = await cli(['send', 'chat', '--text', 'x', '--url', url, '--json']);
    expect(exitCode).toBe(5);
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'UNKNOWN_SITE' });
  });

  test('silence and a closed connection are told apart from success', async () => {
    answer = () => {};
    const silent = await cli(['send', 'chat', '--text', 'x', '--url', url, '--timeout', '50ms']);
    expect(silent.exitCode).toBe(4);
    expect(silent.stderr).toContain('did not answer within 50 ms');
    answer = (_frame, socket) => socket.close(1001, 'the server stops');
    const closed = await cli(['send', 'chat', '--text', 'x', '--url', url]);
    expect(closed.exitCode).toBe(4);
    expect(closed.stderr).toContain('ended the connection: the server stops');
  });
});
