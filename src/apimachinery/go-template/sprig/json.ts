// JSON as Go's encoding/json writes and reads it.
import { JsonSyntaxError, parseJson } from '../../json/parse.ts';
import { FunctionError } from '../template-error.ts';
import { elements, integerOf, isNil, isNilCollection, isSlice, keysOf, objectType } from '../values.ts';
import { go, type TemplateFunctions } from '../signature.ts';

/** Of values within values: beyond it, they hold themselves. */
const MAX_DEPTH = 1000;

const writing = (write: (value: unknown) => string) => ({
  must: go('(any) string', write),
  lenient: go('(any) string', (value: unknown) => orElse(() => write(value), '')),
});

const compact = writing((value) => goJson(value));
const pretty = writing((value) => goJson(value, { indent: '  ' }));
const raw = writing((value) => goJson(value, { html: false }));

export const SPRIG_JSON: TemplateFunctions = {
  toJson: compact.lenient,
  mustToJson: compact.must,
  toPrettyJson: pretty.lenient,
  mustToPrettyJson: pretty.must,
  toRawJson: raw.must,
  mustToRawJson: raw.must,
  fromJson: go('(string) any', (text: string) => orElse(() => readJson(text), null)),
  mustFromJson: go('(string) any', readJson),
};

/** What a function gives where another tells what is wrong. */
export function orElse<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof FunctionError) return otherwise;
    throw error;
  }
}

/** Numbers are floats. Throws a FunctionError. */
export function readJson(text: string): unknown {
  try {
    // a quarter of a second for a megabyte less than parseJson, and it reads the same
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new FunctionError(error.message);
    throw error;
  }
  throw new FunctionError('the JSON cannot be read');
}

export interface JsonStyle {
  readonly indent?: string;
  /** Whether `<`, `>` and `&` are escaped. */
  readonly html?: boolean;
}

/** Throws a FunctionError where a value has no JSON. */
export function goJson(value: unknown, style: JsonStyle = {}): string {
  const out: string[] = [];
  new JsonWriter(out, style).value(value, 0);
  return out.join('');
}

class JsonWriter {
  private readonly out: string[];
  private readonly indent: string | undefined;
  private readonly html: boolean;

  constructor(out: string[], { indent, html = true }: JsonStyle) {
    this.out = out;
    this.indent = indent;
    this.html = html;
  }

  value(value: unknown, depth: number): void {
    if (depth > MAX_DEPTH) throw new FunctionError('json: unsupported value: encountered a cycle');
    const int = integerOf(value);
    if (isNil(value)) this.out.push('null');
    else if (int !== undefined) this.out.push(String(int));
    else if (typeof value === 'string') this.out.push(this.text(value));
    else if (typeof value === 'boolean') this.out.push(String(value));
    else if (typeof value === 'number') this.out.push(jsonNumber(value));
    else this.object(value, depth);
  }

  private object(value: object, depth: number): void {
    const { json } = objectType(value);
    if (isNilCollection(value)) this.out.push('null');
    else if (json) this.value(json(value), depth);
    else if (value instanceof Uint8Array) this.out.push(`"${Buffer.from(value).toString('base64')}"`);
    else if (isSlice(value)) {
      const items = elements(value);
      this.list('[', ']', items.length, depth, (i) => this.value(items[i], depth + 1));
    } else {
      const map = value as Readonly<Record<string, unknown>>;
      const keys = objectType(value).kind === 'map' ? keysOf(map) : Object.keys(map);
      this.list('{', '}', keys.length, depth, (i) => {
        this.out.push(this.text(keys[i]!), this.indent === undefined ? ':' : ': ');
        this.value(map[keys[i]!], depth + 1);
      });
    }
  }

  private list(open: string, close: string, count: number, depth: number, write: (i: number) => void): void {
    this.out.push(open);
    for (let i = 0; i < count; i++) {
      if (i > 0) this.out.push(',');
      this.line(depth + 1);
      write(i);
    }
    if (count > 0) this.line(depth);
    this.out.push(close);
  }

  private line(depth: number): void {
    if (this.indent !== undefined) this.out.push('\n', this.indent.repeat(depth));
  }

  private text(text: string): string {
    const json = JSON.stringify(text).replace(/\\u(?:d[89a-f]..)/g, '\\ufffd');
    if (!(this.html ? /[<>&\u2028\u2029\x7f]/ : /[\u2028\u2029\x7f]/).test(json)) return json;
    return json.replace(this.html ? /[<>&\u2028\u2029]/g : /[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  }
}

/** As encoding/json writes a float64. */
export function jsonNumber(value: number): string {
  if (!Number.isFinite(value))
    throw new FunctionError(`json: unsupported value: ${Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}`);
  // JavaScript's rules are nearly Go's
  if (Object.is(value, -0)) return '-0';
  return String(value);
}
