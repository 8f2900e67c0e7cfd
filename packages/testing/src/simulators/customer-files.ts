import { CustomerMistake } from './customer-face.ts';

/** A file that somebody who plays the customer sends. */
export interface CustomerFile {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** The `files` of a request: `[{ name, mediaType, base64 }]`. @throws CustomerMistake */
export function filesIn(input: Readonly<Record<string, unknown>>): CustomerFile[] {
  const files = input['files'] ?? [];
  if (!Array.isArray(files)) throw new CustomerMistake('files must be a list');
  return files.map((file: Readonly<Record<string, unknown>>) => {
    const { name = '', mediaType, base64 } = file;
    if (typeof name !== 'string' || typeof mediaType !== 'string' || typeof base64 !== 'string') {
      throw new CustomerMistake('each of files must have name, mediaType and base64');
    }
    return { name, mediaType, bytes: Buffer.from(base64, 'base64') };
  });
}
