import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cacheDirectory, cachedFolder } from '../src/servers/cache.ts';
import { dovecotSettings, dovecotUsers } from '../src/servers/dovecot-settings.ts';
import { canListen, freePort } from '../src/servers/free-port.ts';
import { kafkaAnswers, kafkaRequest, namesBrokerAndController } from '../src/servers/kafka-probe.ts';
import { startKafka } from '../src/servers/kafka-server.ts';
import { asKafkaEnvironment, asProperties, kafkaSettings } from '../src/servers/kafka-settings.ts';
import { withLock } from '../src/servers/lock-file.ts';
import { asBson, mongoAnswers, mongoRequest, saysOk } from '../src/servers/mongo-probe.ts';
import { parseProcessStat, processTree } from '../src/servers/process-table.ts';
import { environmentServer, isUnavailable } from '../src/servers/running-server.ts';
import { addressOf } from '../src/servers/wire-exchange.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'servers-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the cache', () => {
  test('lies where TRIBUTARY_CACHE_DIR says, else under XDG_CACHE_HOME, else in the home folder', () => {
    expect(cacheDirectory({ TRIBUTARY_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
    expect(cacheDirectory({ TRIBUTARY_CACHE_DIR: '', XDG_CACHE_HOME: '/b' })).toBe('/b/tributary');
    expect(cacheDirectory({})).toMatch(/\/\.cache\/tributary$/);
  });

  test('builds a folder once for all who ask at the same time', async () => {
    let builds = 0;
    const build = async (empty: string) => {
      builds++;
      writeFileSync(join(empty, 'content'), 'x');
    };
    const paths = await Promise.all([1, 2, 3].map(() => cachedFolder(folder, 'thing-1', build)));
    expect(new Set(paths)).toEqual(new Set([join(folder, 'thing-1')]));
    expect(builds).toBe(1);
    expect(readFileSync(join(folder, 'thing-1', 'content'), 'utf8')).toBe('x');
  });

  test('leaves nothing of a build that failed, and builds again next time', async () => {
    const failing = cachedFolder(folder, 'thing-1', async (empty) => {
      writeFileSync(join(empty, 'half'), 'x');
      throw new Error('no network');
    });
    await expect(failing).rejects.toThrow('no network');
    expect(readdirSync(folder)).toEqual([]);
    await cachedFolder(folder, 'thing-1', async () => {});
    expect(existsSync(join(folder, 'thing-1'))).toBe(true);
  });

  test('removes what an interrupted build left', async () => {
    mkdirSync(join(folder, 'thing-1.unfinished-99'));
    await cachedFolder(folder, 'thing-1', async () => {});
    expect(readdirSync(folder)).toEqual(['thing-1']);
  });
});

describe('the lock', () => {
  test('lets one caller in at a time and goes on after one that throws', async () => {
    const path = join(folder, 'lock');
    let inside = 0;
    const enter = async () => {
      expect(++inside).toBe(1);
      await new Promise(setImmediate);
      inside--;
    };
    const failing = withLock(path, () => Promise.reject(new Error('mine')));
    await expect(failing).rejects.toThrow('mine');
    await Promise.all([withLock(path, enter), withLock(path, enter), withLock(path, enter)]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('keeps a second process out, and is taken over from one that was killed', async () => {
    const path = join(folder, 'lock');
    const source = fileURLToPath(new URL('../src/servers/lock-file.ts', import.meta.url));
    const script = `
      import { withLock } from ${JSON.stringify(source)};
      await withLock(${JSON.stringify(path)}, async () => { console.log('held'); await new Promise(() => setInterval(() => {}, 1000)); });`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    let entered = false;
    const mine = withLock(path, async () => {
      entered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 600)); // More than two tries.
    expect(entered).toBe(false);
    holder.kill('SIGKILL');
    await mine;
    expect(entered).toBe(true);
  });
});

describe('processes', () => {
  test('a program name with spaces and brackets does not shift the fields', () => {
    const rest = `S 7 ${Array.from({ length: 17 }, (_, index) => index).join(' ')} 4711 0 0`;
    expect(parseProcessStat(`42 (a) b (c) ${rest}`)).toEqual({ pid: 42, state: 'S', parentPid: 7, startTicks: '4711' });
    expect(parseProcessStat('')).toBeUndefined();
  });

  test('a tree holds what a child started', async () => {
    const shell = spawn('sh', ['-c', 'sleep 60 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const sleeper = Number(await new Promise((resolve) => shell.stdout.once('data', resolve)));
    const tree = processTree(shell.pid ?? 0);
    expect(tree).toEqual([shell.pid, sleeper]);
    for (const pid of tree) process.kill(pid, 'SIGKILL');
  });
});

describe('ports', () => {
  test('are free and below those the system gives to outgoing connections', async () => {
    const ports = await Promise.all(Array.from({ length: 20 }, freePort));
    const firstOutgoing = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10);
    expect(new Set(ports).size).toBe(20);
    for (const port of ports) {
      expect(port).toBeLessThan(firstOutgoing);
      expect(await canListen(port)).toBe(true);
    }
  });
});

describe('a server named by the environment', () => {
  test('is used as it is, and says that it is left alone', async () => {
    const lines: string[] = [];
    const server = environmentServer('elsewhere:9092', 'KAFKA_BROKERS', (line) => lines.push(line));
    server.kill();
    await server.restart();
    await server.stop();
    expect(server).toMatchObject({ url: 'elsewhere:9092', how: 'environment', pids: [] });
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('KAFKA_BROKERS');
  });

  test('comes before everything else', async () => {
    const before = process.env['KAFKA_BROKERS'];
    process.env['KAFKA_BROKERS'] = 'elsewhere:9092';
    try {
      const kafka = await startKafka({ report: () => {} });
      expect(isUnavailable(kafka)).toBe(false);
      expect(kafka).toMatchObject({ url: 'elsewhere:9092', how: 'environment' });
    } finally {
      if (before === undefined) delete process.env['KAFKA_BROKERS'];
      else process.env['KAFKA_BROKERS'] = before;
    }
  });
});

describe('asking Kafka', () => {
  const broker = (id: number, host: string, rack: string | null) => {
    const hostBytes = Buffer.from(host);
    const rackBytes = Buffer.from(rack ?? '');
    const bytes = Buffer.alloc(4 + 2 + hostBytes.length + 4 + 2 + rackBytes.length);
    let at = bytes.writeInt32BE(id);
    at = bytes.writeInt16BE(hostBytes.length, at);
    at += hostBytes.copy(bytes, at);
    at = bytes.writeInt32BE(9092, at);
    at = bytes.writeInt16BE(rack === null ? -1 : rackBytes.length, at);
    rackBytes.copy(bytes, at);
    return bytes;
  };
  const int32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };

  test('a request carries its size, API, version and client', () => {
    const request = kafkaRequest({ key: 3, version: 1 }, int32(0));
    expect(request.readInt32BE(0)).toBe(request.length - 4);
    expect([request.readInt16BE(4), request.readInt16BE(6)]).toEqual([3, 1]);
    expect(request.subarray(14, 23).toString()).toBe('tributary');
  });

  test('it is ready when it names a broker and the controller, with a rack or without', () => {
    const one = [int32(1), broker(1, 'localhost', null)];
    const two = [int32(2), broker(1, 'a', 'rack-1'), broker(2, 'bb', null)];
    expect(namesBrokerAndController(Buffer.concat([...one, int32(1), int32(0)]))).toBe(true);
    expect(namesBrokerAndController(Buffer.concat([...two, int32(2), int32(0)]))).toBe(true);
    expect(namesBrokerAndController(Buffer.concat([...one, int32(-1), int32(0)]))).toBe(false);
    expect(namesBrokerAndController(Buffer.concat([int32(0), int32(1), int32(0)]))).toBe(false);
  });

  test('its settings read the same as a file and as the image wants them', () => {
    const settings = kafkaSettings({ host: 'h', port: 1, listenHost: '0.0.0.0', listenPort: 2, controllerPort: 3 });
    expect(asProperties(settings)).toContain('advertised.listeners=PLAINTEXT://h:1\n');
    expect(asKafkaEnvironment(settings)).toMatchObject({
      KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://h:1',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    });
  });
});

describe('asking MongoDB', () => {
  test('a command is a BSON document in an OP_MSG', () => {
    const document = asBson({ ping: 1, $db: 'admin' });
    // Written by the MongoDB driver for { ping: 1, $db: 'admin' }.
    expect(document.toString('hex')).toBe('1e0000001070696e6700010000000224646200060000' + '0061646d696e0000');
    const message = mongoRequest(document);
    expect([message.readInt32LE(0), message.readInt32LE(12)]).toEqual([message.length, 2013]);
  });

  test('only an answer whose ok is 1 counts', () => {
    const answer = (ok: number) => {
      const bytes = Buffer.alloc(12 + 1);
      bytes.write('\x01ok\0', 0, 'latin1');
      bytes.writeDoubleLE(ok, 4);
      return bytes;
    };
    expect(saysOk(answer(1))).toBe(true);
    expect(saysOk(answer(0))).toBe(false);
    expect(saysOk(Buffer.from('nothing of the kind'))).toBe(false);
  });
});

describe('a port that is open is not yet a server', () => {
  let silent: Server;
  let port = 0;
  beforeEach(async () => {
    port = await freePort();
    silent = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve));
  });
  afterEach(() => silent.close());

  test('for Kafka and for MongoDB alike', async () => {
    expect(await kafkaAnswers(`127.0.0.1:${port}`)).toBe(false);
    expect(await mongoAnswers(`mongodb://127.0.0.1:${port}/?directConnection=true`)).toBe(false);
    expect(await kafkaAnswers(`127.0.0.1:${await freePort()}`)).toBe(false);
  });

  test('an address is taken apart at its last colon', () => {
    expect(addressOf('::1:9092')).toEqual({ host: '::1', port: 9092 });
  });
});

describe('the private Dovecot', () => {
  test('listens on its own port only', () => {
    const settings = dovecotSettings({ imapPort: 12_345, runDir: '/tmp/run', dataDir: '/tmp/data' });
    expect(settings).toContain('listen = 127.0.0.1\n');
    expect(settings).toContain('port = 12345\n');
    expect(settings).not.toContain('port = 143\n');
  });

  test('refuses users that would leave their line or their folder', () => {
    expect(dovecotUsers({ 'support@example.com': 'secret' })).toBe('support@example.com:secret::::::\n');
    expect(() => dovecotUsers({ '../root': 'x' })).toThrow('../root');
    expect(() => dovecotUsers({ bob: 'a:b' })).toThrow('password of bob');
    expect(() => dovecotUsers({ 'bob\neve': 'x' })).toThrow();
  });
});
