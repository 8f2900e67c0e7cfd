import { connect } from 'node:net';
import { parentPort } from 'node:worker_threads';

/** What the load is asked to do, and answers with: requests per second. */
export interface HttpLoad {
  readonly port: number;
  readonly path: string;
  /** Beside host and those of the JSON body. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
  readonly forMs: number;
}

// A thread of its own. Bare sockets, one request under way on each: a whole HTTP client would cost more than the server.
parentPort?.on('message', async (load: HttpLoad | 'stop') => {
  if (load === 'stop') return parentPort?.close();
  parentPort?.postMessage(await run(load));
});
parentPort?.postMessage('ready');

async function run({ port, path, headers = {}, body, connections, forMs }: HttpLoad): Promise<number> {
  const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\n${own.join('')}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  const request = Buffer.from(head + body);
  const startMs = performance.now();
  const counts = await Promise.all(
    Array.from({ length: connections }, () => useConnection(port, request, startMs + forMs)),
  );
  return counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - startMs) / 1000);
}

/** Sends the request again and again until `untilMs`. @returns how many were answered with a 2xx. */
function useConnection(port: number, request: Buffer, untilMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.setNoDelay(true);
    let answered = 0;
    let received = '';
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
      if (received.length < headEnd + 4 + length) return;
      if (!received.startsWith('HTTP/1.1 2')) return reject(new Error(received.slice(0, headEnd)));
      received = '';
      answered++;
      if (performance.now() < untilMs) socket.write(request);
      else {
        socket.end();
        resolve(answered);
      }
    });
  });
}
