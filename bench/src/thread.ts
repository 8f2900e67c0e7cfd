import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Code on a thread of its own that posts what its parent needs once it is ready, and ends when it is sent a message. */
export interface Thread<Ready> extends AsyncDisposable {
  readonly ready: Ready;
}

export async function startThread<Ready>(file: URL, workerData?: unknown): Promise<Thread<Ready>> {
  const worker = new Worker(file, { workerData });
  const [ready] = (await once(worker, 'message')) as [Ready];
  return {
    ready,
    async [Symbol.asyncDispose]() {
      const ended = once(worker, 'exit');
      worker.postMessage('stop');
      await ended;
    },
  };
}
