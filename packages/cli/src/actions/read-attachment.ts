import { readFile } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import type { CliContext } from '../context.ts';
import { usageFailure } from '../failure.ts';

const mediaTypes: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.mp4': 'video/mp4',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
  '.pdf': 'application/pdf',
};

/** A file for a simulator. @throws CommandFailure when it cannot be read. */
export async function readAttachment(context: CliContext, file: string) {
  const bytes = await readFile(resolve(context.workingDirectory, file)).catch((error: Error) => {
    throw usageFailure(`--attach: ${error.message}`);
  });
  const mediaType = mediaTypes[extname(file).toLowerCase()] ?? 'application/octet-stream';
  return { name: basename(file), mediaType, base64: bytes.toString('base64') };
}
