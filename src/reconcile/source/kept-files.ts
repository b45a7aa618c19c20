// Files that were fetched once and are kept on disk, under names that always mean the same.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fromSystemError } from './source-error.ts';

/** The file of this name, or what `fetch` brings. Throws what that throws, and a SourceError where nothing can be kept. */
export async function keptFile(directory: string, name: string, fetch: () => Promise<Uint8Array>): Promise<Uint8Array> {
  const file = path.join(directory, createHash('sha256').update(name).digest('hex'));
  const known = await readFile(file).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? undefined : Promise.reject(fromSystemError(error, file)),
  );
  if (known) return known;
  const bytes = await fetch();
  // whole or not at all, whoever else is at it
  const begun = `${file}.${randomUUID()}`;
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(begun, bytes);
    await rename(begun, file);
  } catch (error) {
    await rm(begun, { force: true });
    throw fromSystemError(error, file);
  }
  return bytes;
}
