// Values that are written on a line: `a.b=1,list[0].name=x,c={1,2},d=null`, as --set and its kin take them. Follows Helm's pkg/strvals:
// what is escaped with `\` is text, numbers become integers, and what a path leads through is made or replaced as there.
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { setKey } from '../../../apimachinery/json/parse.ts';

/** How values are read: with their types, as texts, or as JSON. */
export type SetKind = 'typed' | 'string' | 'json';

export class SetError extends Error {
  override readonly name = 'SetError';
}

const MAX_INDEX = 65_536;
const MAX_LEVELS = 30;

/** Puts what a line says into values, which it changes. Throws a SetError. */
export function setValues(line: string, values: JsonObject, kind: SetKind): void {
  new Line(line, kind, undefined).into(values);
}

/** `name=anything`: the value is a text that stands elsewhere. */
export function setText(name: string, text: string, values: JsonObject): void {
  new Line(`${name}=x`, 'string', text).into(values);
}

/** What ended a run of characters; undefined for the end of the line. */
type Stop = string | undefined;

class Line {
  private readonly characters: readonly string[];
  private readonly kind: SetKind;
  private readonly text: string | undefined;
  private at = 0;

  constructor(line: string, kind: SetKind, text: string | undefined) {
    this.characters = [...line];
    this.kind = kind;
    this.text = text;
  }

  into(values: JsonObject): void {
    while (this.at < this.characters.length) this.key(values, 0);
  }

  /** Up to one of the stops, which is read too. */
  private until(stops: string): { readonly run: string; readonly stop: Stop } {
    let run = '';
    while (this.at < this.characters.length) {
      const c = this.characters[this.at++]!;
      if (stops.includes(c)) return { run, stop: c };
      if (c !== '\\') run += c;
      else if (this.at < this.characters.length) run += this.characters[this.at++]!;
    }
    return { run, stop: undefined };
  }

  private key(table: JsonObject, level: number): void {
    const { run: name, stop } = this.until('=[,.');
    if (stop === undefined) {
      if (name === '') return;
      throw new SetError(`key ${JSON.stringify(name)} has no value`);
    }
    if (stop === ',') throw new SetError(`key ${JSON.stringify(name)} has no value (cannot end with ,)`);
    const known = Object.hasOwn(table, name) ? table[name] : undefined;
    if (stop === '=') return put(table, name, this.value());
    if (stop === '[') {
      if (known !== undefined && !Array.isArray(known)) throw new SetError(`${JSON.stringify(name)} is no list, and has no items`);
      return put(table, name, this.item((known as readonly unknown[] | undefined) ?? [], this.index(), level));
    }
    if (level + 1 > MAX_LEVELS) throw new SetError(`names are nested more than ${MAX_LEVELS} levels deep`);
    if (known !== undefined && !isObject(known)) throw new SetError(`${JSON.stringify(name)} is no mapping, and has no fields`);
    const inner = known ?? {};
    this.key(inner, level + 1);
    if (Object.keys(inner).length === 0) throw new SetError(`key map ${JSON.stringify(name)} has no value`);
    put(table, name, inner);
  }

  private index(): number {
    const { run, stop } = this.until(']');
    if (stop === undefined || !/^[+-]?\d+$/.test(run)) throw new SetError(`error parsing index: ${JSON.stringify(run)} is no number`);
    const index = Number(run);
    if (index < 0) throw new SetError(`negative ${index} index not allowed`);
    if (index > MAX_INDEX) throw new SetError(`index of ${index} is greater than maximum supported index of ${MAX_INDEX}`);
    return index;
  }

  /** Behind `[index]`: the list with the item set. */
  private item(list: readonly unknown[], index: number, level: number): readonly unknown[] {
    const { run, stop } = this.until('[.=');
    if (run !== '') throw new SetError(`unexpected data at end of array index: ${JSON.stringify(run)}`);
    if (stop === undefined) return list;
    if (stop === '=') return withItem(list, index, this.value());
    const known = list[index];
    if (stop === '[') {
      if (known !== undefined && known !== null && !Array.isArray(known)) throw new SetError(`item ${index} is no list`);
      return withItem(list, index, this.item((known as readonly unknown[] | null | undefined) ?? [], this.index(), level));
    }
    const inner = isObject(known) ? known : {};
    this.key(inner, level);
    return withItem(list, index, inner);
  }

  private value(): unknown {
    if (this.kind === 'json') return this.json();
    if (this.at >= this.characters.length) return '';
    if (this.characters[this.at] !== '{') return this.read(this.until(',').run);
    this.at++;
    const list: unknown[] = [];
    for (;;) {
      const { run, stop } = this.until(',}');
      if (stop === undefined) throw new SetError("list must terminate with '}'");
      list.push(this.read(run));
      if (stop === ',') continue;
      if (this.characters[this.at] === ',') this.at++;
      return list;
    }
  }

  private read(run: string): unknown {
    return this.text ?? (this.kind === 'string' ? run : typedValue(run));
  }

  private json(): unknown {
    if (this.isEmptyUpToComma()) return null;
    const rest = this.characters.slice(this.at).join('');
    const length = jsonLength(rest);
    try {
      const value: unknown = JSON.parse(rest.slice(0, length));
      this.at += Array.from(rest.slice(0, length)).length;
      this.isEmptyUpToComma();
      return value;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new SetError('the value is not valid JSON');
    }
  }

  /** Passes over space, and the comma behind it. */
  private isEmptyUpToComma(): boolean {
    for (; this.at < this.characters.length; this.at++) {
      const c = this.characters[this.at]!;
      if (c === ',') {
        this.at++;
        return true;
      }
      if (c.trim() !== '') return false;
    }
    return true;
  }
}

/** A field without a name is not set. */
function put(table: JsonObject, name: string, value: unknown): void {
  if (name !== '') setKey(table, name, value);
}

function withItem(list: readonly unknown[], index: number, value: unknown): readonly unknown[] {
  const out: unknown[] = [...list];
  while (out.length < index) out.push(null);
  out[index] = value;
  return out;
}

/** Whole numbers are Go's int64; what has a point or begins with a zero stays text. */
function typedValue(text: string): unknown {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  if (lower === 'null') return null;
  if (text === '0') return 0n;
  if (!/^[+-]?\d+$/.test(text) || text.startsWith('0')) return text;
  const integer = BigInt(text.replace(/^\+/, ''));
  return BigInt.asIntN(64, integer) === integer ? integer : text;
}

/** How much of a text is its first JSON value. */
function jsonLength(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"') {
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i++;
      if (depth === 0) return i + 1;
    } else if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') {
      if (--depth <= 0) return i + 1;
    } else if (depth === 0 && (c === ',' || c.trim() === '')) return i;
  }
  return text.length;
}
