// JSON values to YAML as Kubernetes and Helm write it (sigs.k8s.io/yaml, which is go-yaml v2): keys in order, lists not indented, and
// quotes where text would be read as something else by YAML 1.1.
import type { JsonObject } from '../object.ts';
import { keyOrder } from './key-order.ts';
import { scalarText, type ScalarPlace } from './write-scalar.ts';

export interface YamlStyle {
  /** Lines that are longer are broken at the next space, as go-yaml does it at 80. Not at all unless told otherwise. */
  readonly foldAt?: number;
  /** How much deeper than their key the items of lists stand. Not at all unless told otherwise. */
  readonly listIndent?: 0 | 2;
  /** Numbers are written as the floats that they are, whole ones too: 1000000 is 1e+06. */
  readonly asFloats?: boolean;
  /** Texts of several lines are written line by line also where they have tabs. */
  readonly keepTabs?: boolean;
}

/** Ends with a line break. */
export function writeYaml(value: unknown, style: YamlStyle = {}): string {
  const writer = new Writer(style);
  writer.block(value);
  const text = writer.out.join('');
  return text.endsWith('\n') ? text : `${text}\n`;
}

const isEmpty = (value: object): boolean => (Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0);

const isCollection = (value: unknown): value is object => typeof value === 'object' && value !== null && !isEmpty(value);

/** Longer keys stand behind a question mark. */
const MAX_SIMPLE_KEY_BYTES = 128;

class Writer {
  readonly out: string[] = [];
  private readonly foldAt: number;
  private readonly listIndent: number;
  private readonly asFloats: boolean;
  private readonly keepTabs: boolean;

  constructor({ foldAt = Infinity, listIndent = 0, asFloats = false, keepTabs = false }: YamlStyle) {
    this.keepTabs = keepTabs;
    this.foldAt = foldAt;
    this.listIndent = listIndent;
    this.asFloats = asFloats;
  }

  block(value: unknown): void {
    if (!isCollection(value)) this.scalar(value, { indent: 2, column: 0 });
    else if (Array.isArray(value)) this.list(value, 0, true);
    else this.map(value as JsonObject, 0, true);
  }

  /** @param lead whether the first key needs its indentation: behind a dash it does not */
  private map(value: JsonObject, indent: number, lead: boolean): void {
    let needsIndent = lead;
    const pad = ' '.repeat(indent);
    for (const key of Object.keys(value).sort(keyOrder)) {
      const inner = value[key];
      if (inner === undefined) continue;
      if (needsIndent) this.out.push(pad);
      needsIndent = true;
      if (this.isSimple(key)) this.simpleEntry(key, inner, indent);
      else this.complexEntry(key, inner, indent);
    }
  }

  private isSimple(key: string): boolean {
    if (key.length <= MAX_SIMPLE_KEY_BYTES / 3 && !key.includes('\n')) return true;
    return Buffer.byteLength(key) <= MAX_SIMPLE_KEY_BYTES && !/[\n\u0085\u2028\u2029]/.test(key);
  }

  private simpleEntry(key: string, value: unknown, indent: number): void {
    const text = scalarText(key, 'key');
    this.out.push(text, ':');
    if (!isCollection(value)) {
      this.out.push(' ');
      this.scalar(value, { indent: indent + 2, column: indent + text.length + 2 });
      return;
    }
    this.out.push('\n');
    if (Array.isArray(value)) this.list(value, indent + this.listIndent, true);
    else this.map(value as JsonObject, indent + 2, true);
  }

  private complexEntry(key: string, value: unknown, indent: number): void {
    this.out.push('? ');
    this.scalar(key, { indent: indent + 2, column: indent + 2 });
    this.out.push(`${' '.repeat(indent)}: `);
    if (!isCollection(value)) this.scalar(value, { indent: indent + 2, column: indent + 2 });
    else if (Array.isArray(value)) this.list(value, indent + 2, false);
    else this.map(value as JsonObject, indent + 2, false);
  }

  /** @param lead whether the first item needs its indentation: a list within a list begins on the dash's own line */
  private list(value: readonly unknown[], indent: number, lead: boolean): void {
    let needsIndent = lead;
    const pad = ' '.repeat(indent);
    for (const item of value) {
      if (needsIndent) this.out.push(pad);
      needsIndent = true;
      this.out.push('- ');
      if (!isCollection(item)) this.scalar(item, { indent: indent + 2, column: indent + 2 });
      else if (Array.isArray(item)) this.list(item, indent + 2, false);
      else this.map(item as JsonObject, indent + 2, false);
    }
  }

  private scalar(value: unknown, place: Pick<ScalarPlace, 'indent' | 'column'>): void {
    if (typeof value === 'string') this.out.push(scalarText(value, { ...place, foldAt: this.foldAt, keepTabs: this.keepTabs }));
    else if (Array.isArray(value)) this.out.push('[]');
    else if (typeof value === 'object' && value !== null) this.out.push('{}');
    else if (typeof value === 'number') this.out.push(this.asFloats ? floatText(value) : numberText(value));
    else this.out.push(value === null || value === undefined ? 'null' : String(value as boolean | bigint));
    const last = this.out.at(-1)!;
    if (!last.endsWith('\n') || typeof value !== 'string') this.out.push('\n');
  }
}

/** Whole numbers that have no more than 64 bits are integers, with the digits that tell them from their neighbours; others have an exponent from 1e6 on, where JSON has one from 1e21. */
function numberText(value: number): string {
  if (Number.isInteger(value) && value < 2 ** 64 && value >= -(2 ** 63)) return value === 0 ? '0' : String(value);
  return floatText(value);
}

/** `strconv.FormatFloat(value, 'g', -1, 64)` */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '.nan' : value > 0 ? '.inf' : '-.inf';
  const abs = Math.abs(value);
  if (value === 0 || (abs >= 1e-4 && abs < 1e6)) return String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}
