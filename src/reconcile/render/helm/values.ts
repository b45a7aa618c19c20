// What a chart's user says: files of values, one over the other, and single values over all of them, in Helm's order. Where each file
// stands is kept, to tell the place of a value that a schema refuses.
import { deepCopy, isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { setKey } from '../../../apimachinery/json/parse.ts';
import { ChartError } from './chart-error.ts';
import { readMapping } from './chart-yaml.ts';
import { SetError, setText, setValues, type SetKind } from './set-values.ts';

/** A line as --set takes it, or a name whose value is a text. */
export type SetLine =
  | {
      readonly kind: SetKind;
      readonly line: string;
      readonly said: string;
      /** Nothing of it is told. */
      readonly isSecret?: boolean;
    }
  | { readonly kind: 'text'; readonly name: string; readonly text: string; readonly said: string };

/** A file of values, or what is written in its place. */
export interface ValuesFile {
  /** As it is shown. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** The field that says it, where it stands in no file of its own. */
  readonly said?: string;
}

/** What says values, one behind the other. */
export type ValuesSource = ValuesFile | SetLine;

/** In which order Helm takes them. */
const ORDER: readonly SetLine['kind'][] = ['json', 'typed', 'string', 'text'];

/** Throws a ChartError. */
export async function userValues(sources: readonly ValuesSource[], lines: readonly SetLine[]): Promise<JsonObject> {
  const values = await mergedValues(sources);
  for (const kind of ORDER) for (const line of lines.filter((one) => one.kind === kind)) setLine(line, values);
  return values;
}

/** Each over those before it. Throws a ChartError. */
export async function mergedValues(sources: readonly ValuesSource[]): Promise<JsonObject> {
  let values: JsonObject = {};
  for (const source of sources) {
    if ('bytes' in source) values = merged(values, await readMapping(source));
    else setLine(source, (values = deepCopy(values)));
  }
  return values;
}

function setLine(line: SetLine, values: JsonObject): void {
  try {
    if (line.kind === 'text') setText(line.name, line.text, values);
    else setValues(line.line, values, line.kind);
  } catch (error) {
    if (!(error instanceof SetError)) throw error;
    if (line.kind !== 'text' && line.isSecret)
      throw new ChartError('the value of the Secret cannot be put there: its commas, braces or brackets mean something', {
        said: line.said,
        hint: 'put it in quotes, or take a whole file of values from the Secret',
      });
    throw new ChartError(error.message, { said: line.said, hint: 'write name=value, a.b=value or list[0]=value', cause: error });
  }
}

/** What a line says, as if it stood in a file. */
export async function lineAsFile(line: ValuesSource): Promise<ValuesFile> {
  if ('bytes' in line) return line;
  const values = await userValues([], [line]);
  const text = JSON.stringify(values, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
  return { path: line.said, bytes: Buffer.from(text), said: line.said };
}

/** Tables are merged, everything else is replaced, also by null. Neither is changed. */
function merged(below: JsonObject, above: JsonObject): JsonObject {
  const out: JsonObject = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const there = Object.hasOwn(out, key) ? out[key] : undefined;
    setKey(out, key, isObject(value) && isObject(there) ? merged(there, value) : value);
  }
  return out;
}
