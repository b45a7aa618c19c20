// The events of a watch as bytes: a line of JSON each, or a frame of protobuf.
import { encodeProtobuf, watchFrame } from '../../../apimachinery/codec/protobuf/envelope.ts';
import type { JsonObject } from '../../../apimachinery/object.ts';
import type { WatchEvent, WatchStream } from '../../../apimachinery/api-request.ts';
import { objectText } from './encode.ts';
import type { WatchBody } from './http-message.ts';

type Encode = (event: WatchEvent) => string | Uint8Array;

const line: Encode = ({ type, object }) => `{"type":"${type}","object":${objectText(object)}}\n`;

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
): WatchBody {
  const encode = protobuf ? frame : line;
  return {
    async next() {
      const event = await watch.next();
      if (!event || !convert) return event && encode(event);
      const object = convert(event.object as JsonObject);
      if (object) return encode({ ...event, object });
      watch.cancel();
      return undefined;
    },
    cancel: () => watch.cancel(),
  };
}
