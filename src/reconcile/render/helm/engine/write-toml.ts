// TOML as Helm writes it: github.com/BurntSushi/toml. What holds no tables stands before what does, and tables are indented.
import { formatFloat } from '../../../../apimachinery/go-template/floats.ts';
import { FunctionError } from '../../../../apimachinery/go-template/template-error.ts';
import {
  elements,
  integerOf,
  isNil,
  isNilCollection,
  isSlice,
  keysOf,
  objectType,
  typeName,
} from '../../../../apimachinery/go-template/values.ts';

/** Deeper values hold themselves. */
const MAX_DEPTH = 200;

/** Throws a FunctionError where a value cannot be written. */
export function writeToml(value: unknown): string {
  if (isNil(value)) throw new FunctionError('toml: cannot encode a nil value');
  const writer = new TomlWriter();
  if (isTable(value)) writer.table([], value);
  else writer.element(value);
  return writer.out.join('');
}

type Table = Readonly<Record<string, unknown>>;

const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !isSlice(value) && integerOf(value) === undefined && !objectType(value).text;

const isAbsent = (value: unknown): boolean => isNil(value) || (typeof value === 'object' && isNilCollection(value));

/** A list of nothing but tables. */
function isTables(value: unknown): value is readonly Table[] {
  if (!isSlice(value) || value.length === 0) return false;
  const items = elements(value);
  if (items.some(isAbsent)) throw new FunctionError('toml: cannot encode array with nil element');
  return items.every(isTable);
}

class TomlWriter {
  readonly out: string[] = [];

  table(path: readonly string[], table: Table): void {
    if (path.length > MAX_DEPTH) throw new FunctionError('toml: nested too deeply');
    const keys = keysOf(table).filter((key) => !isAbsent(table[key]));
    const isDeep = (key: string): boolean => isTable(table[key]) || isTables(table[key]);
    for (const key of [...keys.filter((key) => !isDeep(key)), ...keys.filter(isDeep)]) this.entry([...path, key], table[key]);
  }

  private entry(path: readonly string[], value: unknown): void {
    const indent = '  '.repeat(path.length - 1);
    const name = path.map(keyText).join('.');
    if (isTable(value)) {
      if (path.length === 1) this.line();
      this.out.push(`${indent}[${name}]\n`);
      this.table(path, value);
    } else if (isTables(value)) {
      for (const item of value) {
        this.line();
        this.out.push(`${indent}[[${name}]]\n`);
        this.table(path, item);
      }
    } else {
      this.out.push(`${indent}${keyText(path.at(-1)!)} = `);
      this.element(value);
      this.out.push('\n');
    }
  }

  private line(): void {
    if (this.out.length > 0) this.out.push('\n');
  }

  element(value: unknown, depth = 0): void {
    if (depth > MAX_DEPTH) throw new FunctionError('toml: nested too deeply');
    const int = integerOf(value);
    if (int !== undefined) this.out.push(String(int));
    else if (typeof value === 'string') this.out.push(quoted(value));
    else if (typeof value === 'boolean') this.out.push(String(value));
    else if (typeof value === 'number') this.out.push(floatText(value));
    else if (isSlice(value)) this.list('[', ']', elements(value), (item) => this.element(item, depth + 1));
    else if (isTable(value)) {
      const keys = keysOf(value).filter((key) => !isAbsent(value[key]));
      const isDeep = (key: string): boolean => isTable(value[key]) || isTables(value[key]);
      this.list('{', '}', [...keys.filter((key) => !isDeep(key)), ...keys.filter(isDeep)], (key) => {
        this.out.push(`${keyText(key)} = `);
        this.element(value[key], depth + 1);
      });
    } else if (typeof value === 'object' && value !== null) this.out.push(quoted(objectType(value).text!(value)));
    else throw new FunctionError(`unexpected type: ${typeName(value)}`);
  }

  private list<T>(open: string, close: string, items: readonly T[], write: (item: T) => void): void {
    this.out.push(open);
    for (const [i, item] of items.entries()) {
      if (i > 0) this.out.push(', ');
      write(item);
    }
    this.out.push(close);
  }
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  const text = formatFloat(value, 'f');
  return text.includes('.') ? text : `${text}.0`;
}

const keyText = (key: string): string => (/^[\w-]+$/.test(key) ? key : quoted(key));

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
};

const quoted = (text: string): string =>
  `"${text.replace(/["\\\x00-\x1f\x7f]/g, (c) => SHORT[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
