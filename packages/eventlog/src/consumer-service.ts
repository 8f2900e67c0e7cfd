import type { Service } from '@tributary/runtime';
import type { Consumer } from './port.ts';

/**
 * A consumer as a part of a service.
 * @param begin Called at the start. When the consumer dies of a fault, so does the process: the rejection of its `done` is
 * nobody's to handle.
 */
export function consumerService(begin: () => Promise<Consumer>): Service {
  let consumer: Consumer | undefined;
  return {
    async start() {
      consumer = await begin();
    },
    async stop() {
      await consumer?.stop();
    },
    problems: () => consumer?.problems() ?? [],
  };
}
