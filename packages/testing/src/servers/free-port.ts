import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const lowestPort = 10_000;
const given = new Set<number>();

/**
 * A port nobody listens on, below the range from which the system takes ports for outgoing connections.
 *
 * That matters for crash tests: while the server is down, a client that keeps connecting to a port of that range may be
 * given the very port as its own end, connect to itself, and keep the server from coming back.
 */
export async function freePort(): Promise<number> {
  const end = firstOutgoingPort();
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = lowestPort + Math.floor(Math.random() * (end - lowestPort));
    if (!given.has(port) && (await canListen(port))) {
      given.add(port);
      return port;
    }
  }
  throw new Error(`found no free port between ${lowestPort} and ${end}`);
}

function firstOutgoingPort(): number {
  try {
    const first = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10);
    return first > lowestPort + 1000 ? first : 65_536;
  } catch {
    return 32_768;
  }
}

/** Waits for nothing: true when the port can be listened on at this moment. */
export function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
