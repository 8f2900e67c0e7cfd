import { createConnection } from 'node:net';

/**
 * Sends one request to a server and returns the first whole answer, or undefined when there is none within the time:
 * nobody listens, the connection is closed, or the server listens but does not work yet.
 *
 * `sizeOf` tells an answer's full size from its first four bytes.
 */
export function exchange(
  address: { readonly host: string; readonly port: number },
  request: Buffer,
  sizeOf: (firstFourBytes: Buffer) => number,
  timeoutMs: number,
): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ ...address, noDelay: true });
    let received: Buffer = Buffer.alloc(0);
    const finish = (answer: Buffer | undefined) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => finish(undefined));
    socket.on('error', () => finish(undefined));
    socket.on('close', () => finish(undefined));
    socket.on('connect', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4) return;
      const size = sizeOf(received);
      if (received.length >= size) finish(received.subarray(0, size));
    });
  });
}

/** `host:port` taken apart. */
export function addressOf(hostAndPort: string): { host: string; port: number } {
  const colon = hostAndPort.lastIndexOf(':');
  return { host: hostAndPort.slice(0, colon), port: Number(hostAndPort.slice(colon + 1)) };
}
