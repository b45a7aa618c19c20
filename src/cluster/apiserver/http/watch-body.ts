// The events of a watch as bytes: a line of JSON each, or a frame of protobuf.
import { encodeProtobuf, watchFrame } from '../../../apimachinery/codec/protobuf/envelope.ts';
import type { ByteStream } from '../../../apimachinery/node-api.ts';
import type { JsonObject } from '../../../apimachinery/object.ts';
import type { WatchEvent, WatchStream } from '../../../apimachinery/api-request.ts';
import { objectBytes, tableBytes } from './encode.ts';

type Encode = (event: WatchEvent) => Uint8Array;

/** Of each object that many watch, the line as it was sent to the first. */
const lines = new WeakMap<object, { readonly type: WatchEvent['type']; readonly bytes: Uint8Array }>();

function line({ type, object }: WatchEvent): Uint8Array {
  const known = lines.get(object);
  if (known?.type === type) return known.bytes;
  const body = object['kind'] === 'Table' ? tableBytes(object as JsonObject) : objectBytes(object);
  const bytes = Buffer.concat([Buffer.from(`{"type":"${type}","object":`), body, Buffer.from('}\n')]);
  lines.set(object, { type, bytes });
  return bytes;
}

const frame: Encode = ({ type, object }) => {
  const bytes = encodeProtobuf(object as JsonObject);
  if (!bytes) throw new Error(`${String(object['kind'])} has no form in protobuf`);
  return watchFrame(type, bytes);
};

/** @param convert to the form that the client wants; undefined ends the watch */
export function watchBody(
  watch: WatchStream,
  protobuf: boolean,
  convert: ((object: JsonObject) => JsonObject | undefined) | undefined,
): ByteStream {
  const encode = protobuf ? frame : line;
  return {
    async next() {
      const first = await watch.next();
      if (!first) return undefined;
      // what has come up meanwhile goes along
      const chunks: Uint8Array[] = [];
      for (let event: WatchEvent | undefined = first; event; event = watch.poll()) {
        const object = convert ? convert(event.object as JsonObject) : event.object;
        if (object) chunks.push(encode(object === event.object ? event : { ...event, object }));
        else watch.cancel();
      }
      if (chunks.length === 0) return undefined;
      return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    },
    cancel: () => watch.cancel(),
  };
}
