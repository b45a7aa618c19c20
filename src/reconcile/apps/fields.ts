// Fields of objects that a reader takes apart: each with its type, or a fault with its path. What is absent or null is the default.
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import { parseDuration } from '../../apimachinery/time.ts';

export interface FieldFault {
  /** As Kubernetes writes it: `spec.dependsOn[0].name`. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

/** A mapping and its fields; faults are gathered, nothing is thrown. */
export class Fields {
  readonly value: JsonObject;
  private readonly path: string;
  private readonly faults: FieldFault[];

  constructor(value: unknown, path: string, faults: FieldFault[]) {
    this.path = path;
    this.faults = faults;
    if (value !== undefined && value !== null && !isObject(value)) this.faults.push({ path, message: 'must be a mapping' });
    this.value = isObject(value) ? value : {};
  }

  at(name: string): string {
    return this.path ? `${this.path}.${name}` : name;
  }

  fault(name: string, message: string, hint?: string): void {
    this.faults.push({ path: this.at(name), message, ...(hint ? { hint } : {}) });
  }

  has(name: string): boolean {
    return this.value[name] !== undefined && this.value[name] !== null;
  }

  string(name: string): string {
    return this.optionalString(name) ?? '';
  }

  optionalString(name: string): string | undefined {
    const value = this.value[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return value;
    this.fault(name, 'must be a string', 'put it in quotes');
    return undefined;
  }

  required(name: string): string {
    const value = this.string(name);
    if (value === '' && !(this.has(name) && typeof this.value[name] !== 'string')) this.fault(name, 'is required');
    return value;
  }

  boolean(name: string, byDefault = false): boolean {
    const value = this.value[name];
    if (value === undefined || value === null) return byDefault;
    if (typeof value === 'boolean') return value;
    this.fault(name, 'must be true or false');
    return byDefault;
  }

  integer(name: string): number | undefined {
    const value = this.value[name];
    if (value === undefined || value === null) return undefined;
    if (Number.isSafeInteger(value)) return value as number;
    this.fault(name, 'must be a whole number');
    return undefined;
  }

  /** In milliseconds, as Go writes durations: `1m30s`. */
  duration(name: string): number | undefined {
    const text = this.optionalString(name);
    if (text === undefined) return undefined;
    const ns = parseDuration(text);
    if (ns !== undefined) return ns / 1e6;
    this.fault(name, `${JSON.stringify(text)} is not a duration`, 'write 90s, 5m or 1h30m');
    return undefined;
  }

  inner(name: string): Fields {
    return new Fields(this.value[name], this.at(name), this.faults);
  }

  list(name: string): readonly unknown[] {
    const value = this.value[name];
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.fault(name, 'must be a list');
    return [];
  }

  inners(name: string): readonly Fields[] {
    return this.list(name).map((item, i) => new Fields(item, `${this.at(name)}[${i}]`, this.faults));
  }

  strings(name: string): readonly string[] {
    return this.list(name).filter((item, i): item is string => {
      if (typeof item === 'string') return true;
      this.fault(`${name}[${i}]`, 'must be a string', 'put it in quotes');
      return false;
    });
  }

  stringMap(name: string): Readonly<Record<string, string>> {
    const { value } = this.inner(name);
    const out: Record<string, string> = {};
    for (const [key, item] of Object.entries(value)) {
      if (typeof item === 'string') out[key] = item;
      else this.fault(`${name}.${key}`, 'must be a string', 'put it in quotes');
    }
    return out;
  }
}
