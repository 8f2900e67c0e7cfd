import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** One address before several replicas, as a Kubernetes service is one. */
export interface Balancer extends AsyncDisposable {
  readonly port: number;
}

/** Gives each connection to the next replica that takes it. What was taken stays where it is. */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const clients = new Set<Socket>();
  let turn = 0;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    client.on('error', () => {}); // 'close' follows.
    const first = turn++;
    const order = ports.map((_, index) => ports[(first + index) % ports.length] as number);
    giveTo(order, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const client of clients) client.destroy();
      await closed;
    },
  };
}

function giveTo([port, ...others]: readonly number[], client: Socket): void {
  if (port === undefined || client.destroyed) return void client.destroy();
  const replica = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const goOn = () => giveTo(others, client);
  replica.once('error', goOn);
  replica.once('connect', () => {
    replica.off('error', goOn);
    replica.on('error', () => client.destroy());
    replica.on('close', () => client.destroy());
    client.on('close', () => replica.destroy());
    client.setNoDelay(true);
    client.pipe(replica);
    replica.pipe(client);
  });
}
