import type { IncomingMessage } from 'node:http';
import { type CallerOptions, createCaller } from '../public-address.ts';

export interface PostAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Its first 64 KiB. */
  readonly text: string;
}

export interface Poster {
  /**
   * One POST; redirects are not followed. Connections are kept for the next.
   * @throws PrivateAddressError, or what the network says.
   */
  post(url: string, headers: Readonly<Record<string, string>>, body: Buffer): Promise<PostAnswer>;
  close(): void;
}

const maxAnswerBytes = 64 * 1024;

export function createPoster(options: CallerOptions): Poster {
  const caller = createCaller(options);
  return {
    async post(target, headers, body) {
      const request = caller.request(new URL(target), {
        method: 'POST',
        headers: { ...headers, 'content-length': String(body.length) },
      });
      return new Promise((resolve, reject) => {
        request.on('error', reject);
        request.on('response', (response) => {
          beginningOf(response).then(
            (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
            reject,
          );
        });
        request.end(body);
      });
    },
    close: () => caller.close(),
  };
}

async function beginningOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    // Leaving the loop ends the connection.
    if (size >= maxAnswerBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxAnswerBytes).toString('utf8');
}
