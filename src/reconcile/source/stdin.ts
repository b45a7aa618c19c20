// Manifests that are piped in: `kustomize build | jibe sync -`.
import { MAX_FILE_BYTES } from './limits.ts';
import type { Snapshot } from './snapshot.ts';
import { fromSystemError, tooLarge } from './source-error.ts';

/** The name under which errors speak of what was piped in. */
export const STDIN = 'stdin';

/** Reads the stream to its end. Throws {@link SourceError} where it is longer than a file may be. */
export async function openStdin(stream: AsyncIterable<Uint8Array>): Promise<Snapshot> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      size += chunk.length;
      if (size > MAX_FILE_BYTES) throw tooLarge(STDIN, MAX_FILE_BYTES);
      chunks.push(chunk);
    }
  } catch (error) {
    throw fromSystemError(error, STDIN);
  }
  return {
    type: 'stdin',
    location: '-',
    path: '',
    revision: null,
    dirty: false,
    files: [{ path: STDIN, size, oid: undefined, read: async () => Buffer.concat(chunks) }],
    refused: [],
    changed: async () => false,
    close: async () => {},
  };
}
