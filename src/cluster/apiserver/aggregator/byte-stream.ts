// The body of an answer that comes off a connection, piece by piece as it is asked for: who reads slowly slows the sender.
import type { Readable } from 'node:stream';
import type { ByteStream } from '../../../apimachinery/node-api.ts';

export function streamOf(readable: Readable): ByteStream {
  const pieces = readable[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return {
    async next() {
      const { done, value } = await pieces.next();
      return done ? undefined : value;
    },
    cancel: () => void readable.destroy(),
  };
}
