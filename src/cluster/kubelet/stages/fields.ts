// Reads the fields of a Stage: each must be of its kind, and none may be unknown. What is wrong is told with the field's path.
import { isObject } from '../../../apimachinery/object.ts';

/** What is wrong with a Stage; `path` leads to the field, from the Stage down. */
export class StageError extends Error {
  override readonly name = 'StageError';
  readonly path: readonly (string | number)[];
  /** What is wrong, without the field. */
  readonly reason: string;

  constructor(path: readonly (string | number)[], reason: string, cause?: unknown) {
    super(`${fieldPath(path)}: ${reason}`, cause === undefined ? undefined : { cause });
    this.path = path;
    this.reason = reason;
  }
}

const fieldPath = (path: readonly (string | number)[]): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');

/** An object whose fields are taken one by one. */
export class Fields {
  readonly path: readonly (string | number)[];
  private readonly object: Readonly<Record<string, unknown>>;

  constructor(value: unknown, path: readonly (string | number)[]) {
    if (!isObject(value)) throw new StageError(path, 'must be an object');
    this.object = value;
    this.path = path;
  }

  /** Throws for any other field that is given. */
  only(...names: readonly string[]): this {
    const unknown = Object.keys(this.object).find((name) => !names.includes(name));
    if (unknown !== undefined) throw this.error(unknown, `unknown field; there are ${names.join(', ')}`);
    return this;
  }

  /** Throws where the field is given at all. */
  refuse(name: string, why: string): this {
    if (this.has(name)) throw this.error(name, why);
    return this;
  }

  has(name: string): boolean {
    return this.object[name] !== undefined && this.object[name] !== null;
  }

  error(name: string, reason: string, cause?: unknown): StageError {
    return new StageError([...this.path, name], reason, cause);
  }

  fields(name: string): Fields | undefined {
    return this.has(name) ? new Fields(this.object[name], [...this.path, name]) : undefined;
  }

  list(name: string): readonly Fields[] {
    return this.items(name).map((item, i) => new Fields(item, [...this.path, name, i]));
  }

  texts(name: string): readonly string[] {
    return this.items(name).map((item, i) => {
      if (typeof item !== 'string') throw new StageError([...this.path, name, i], 'must be a text');
      return item;
    });
  }

  text(name: string): string | undefined {
    return this.typed(name, 'string', 'a text') as string | undefined;
  }

  boolean(name: string): boolean | undefined {
    return this.typed(name, 'boolean', 'true or false') as boolean | undefined;
  }

  /** A whole number from 0. */
  count(name: string): number | undefined {
    const value = this.typed(name, 'number', 'a whole number, at least 0') as number | undefined;
    if (value !== undefined && (!Number.isInteger(value) || value < 0)) throw this.error(name, 'must be a whole number, at least 0');
    return value;
  }

  texted(name: string): Readonly<Record<string, string>> {
    const inner = this.fields(name);
    if (!inner) return {};
    for (const key of Object.keys(inner.object)) if (typeof inner.object[key] !== 'string') throw inner.error(key, 'must be a text');
    return inner.object as Readonly<Record<string, string>>;
  }

  private items(name: string): readonly unknown[] {
    if (!this.has(name)) return [];
    const value = this.object[name];
    if (!Array.isArray(value)) throw this.error(name, 'must be a list');
    return value;
  }

  private typed(name: string, type: string, words: string): unknown {
    if (!this.has(name)) return undefined;
    const value = this.object[name];
    if (typeof value !== type) throw this.error(name, `must be ${words}`);
    return value;
  }
}
