// What says the value of each field of an object that several files make: overlays, patches, generators, the definition of an app. Noted
// as the object is made, by what holds the field, so that fields that move along with what holds them keep their note. Only what is set
// is noted; everything else is as its base has it. Where a note leads to in a text is looked up later (origin.ts).
import { hasKeys, listPart, longestName } from '../../apimachinery/field-path.ts';
import { isObject } from '../../apimachinery/object.ts';
import type { MergeSchema } from './kustomize/merge-keys.ts';
import type { Place } from './manifest-error.ts';
import type { ManifestOrigin, PlacedDocument } from './origin.ts';

/** The way to a field: names and indices. */
export type Steps = readonly (string | number)[];

/** Where a field is set. */
export type FieldSource =
  /** A file that is no document: what a generator reads. */
  { readonly place: Place } | DocumentSource;

export interface DocumentSource {
  /** The document that says so. */
  readonly origin: ManifestOrigin;
  /** The field of it. */
  readonly at: Steps;
  /** From there, as Kubernetes writes it. */
  readonly path?: string;
  /** The field is a text that is a document itself: a patch in its place; and the field of that. */
  readonly inner?: PlacedDocument & { readonly at: Steps };
  /** What stands there are fields of the object, each with a place of its own. */
  readonly content?: Content;
}

/** A part of an object, as it is written somewhere. */
export interface Content {
  readonly value: unknown;
  /** How elements of its lists are told from each other. */
  readonly schema: MergeSchema | undefined;
  /** Whether it begins where the object does, or at the field that it sets. */
  readonly from: 'object' | 'field';
}

export interface FoundSource {
  readonly source: FieldSource;
  /** How many steps lead to what it set. */
  readonly depth: number;
}

/** What was noted of one map or list. */
interface Note {
  /** It was set as a whole. */
  whole: FieldSource | undefined;
  /** Of its scalars, and of fields that were taken away. */
  fields: Map<string | number, FieldSource> | undefined;
}

export class FieldOrigins {
  private readonly notes = new Map<object, Note>();

  /** @param value what the field is now; undefined where it was taken away */
  set(holder: object, key: string | number, value: unknown, source: FieldSource): void {
    if (typeof value === 'object' && value !== null) this.noteOf(value).whole = source;
    else (this.noteOf(holder).fields ??= new Map()).set(key, source);
  }

  private noteOf(value: object): Note {
    let note = this.notes.get(value);
    if (!note) this.notes.set(value, (note = { whole: undefined, fields: undefined }));
    return note;
  }

  /** One map or list takes the place of another: notes on it and its scalars go along. */
  carry(from: object, to: object): void {
    const note = this.notes.get(from);
    if (note && from !== to) this.takeIn(to, note, true);
  }

  /** Takes in what was noted of another object, parts of which became parts of this one. */
  merge(other: FieldOrigins): void {
    for (const [value, note] of other.notes) this.takeIn(value, note, false);
  }

  private takeIn(value: object, { whole, fields }: Note, wins: boolean): void {
    const own = this.noteOf(value);
    if (whole) own.whole = wins ? whole : (own.whole ?? whole);
    if (fields) own.fields = new Map(wins ? [...(own.fields ?? []), ...fields] : [...fields, ...(own.fields ?? [])]);
  }

  get isEmpty(): boolean {
    return this.notes.size === 0;
  }

  /** What set a field, or the nearest of what holds it. Undefined where nothing did. */
  find(root: unknown, steps: Steps): FoundSource | undefined {
    let found = this.wholeAt(root, 0);
    let value = root;
    for (const [i, step] of steps.entries()) {
      if (typeof value !== 'object' || value === null) return found;
      const field = this.notes.get(value)?.fields?.get(step);
      if (field) found = { source: field, depth: i + 1 };
      value = (value as Record<string | number, unknown>)[step];
      found = this.wholeAt(value, i + 1) ?? found;
    }
    return found;
  }

  private wholeAt(value: unknown, depth: number): FoundSource | undefined {
    const source = typeof value === 'object' && value !== null ? this.notes.get(value)?.whole : undefined;
    return source && { source, depth };
  }

  /** Everything that was set and is still there, or was taken away, in the order of the object's fields. */
  *list(root: unknown, steps: Steps = []): Generator<{ readonly steps: Steps; readonly source: FieldSource; readonly removed: boolean }> {
    if (typeof root !== 'object' || root === null) return;
    const { whole, fields } = this.notes.get(root) ?? {};
    if (whole) yield { steps, source: whole, removed: false };
    const isThere = (key: string | number): boolean => Object.hasOwn(root, key);
    for (const key of Array.isArray(root) ? root.keys() : Object.keys(root)) {
      const value = (root as Record<string | number, unknown>)[key];
      const source = typeof value === 'object' && value !== null ? undefined : fields?.get(key);
      if (source) yield { steps: [...steps, key], source, removed: false };
      yield* this.list(value, [...steps, key]);
    }
    for (const [key, source] of fields ?? []) if (!isThere(key)) yield { steps: [...steps, key], source, removed: true };
  }
}

/** The way that a path takes through a value: as far as it leads, and one name further. */
export function stepsAlong(root: unknown, path: string): Steps {
  const steps: (string | number)[] = [];
  let [value, rest] = [root, path];
  while (rest !== '') {
    const next = Array.isArray(value) ? element(value, rest) : isObject(value) ? longestName(Object.keys(value), rest) : undefined;
    if (!next) {
      const absent = /^(?:\.?([\w-]+)|\[([^\]]*)\])/.exec(rest);
      return absent && isObject(value) ? [...steps, absent[1] ?? absent[2]!] : steps;
    }
    steps.push(next.part);
    value = (value as Record<string | number, unknown>)[next.part];
    rest = next.rest;
  }
  return steps;
}

function element(list: readonly unknown[], path: string): { readonly part: number; readonly rest: string } | undefined {
  const found = listPart(path);
  if (!found) return undefined;
  const { part: keys, rest } = found;
  const part =
    typeof keys === 'number'
      ? keys
      : list.findIndex(
          (item) => isObject(item) && hasKeys(keys, (field) => (Object.hasOwn(item, field) ? String(item[field]) : undefined)),
        );
  return part >= 0 && part < list.length ? { part, rest } : undefined;
}

/** The way to a field of an object in what was written of it: elements of lists that merge may stand elsewhere there. */
export function stepsInContent({ value: written, schema }: Pick<Content, 'value' | 'schema'>, root: unknown, steps: Steps): Steps {
  const out: (string | number)[] = [];
  let [value, there, known] = [root, written, schema];
  let keys: readonly string[] | undefined;
  for (const step of steps) {
    if (typeof there !== 'object' || there === null) break;
    const at: string | number = typeof step === 'number' && Array.isArray(there) ? indexOf(there, value, step, keys) : step;
    if (!Object.hasOwn(there, at)) {
      // of what is absent, the place where it would stand
      if (typeof at === 'string') out.push(at);
      break;
    }
    out.push(at);
    there = (there as Record<string | number, unknown>)[at];
    value = typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[step] : undefined;
    if (typeof step === 'number') keys = undefined;
    else {
      const field = known?.fields.get(step);
      [known, keys] = [field?.schema, field?.keys];
    }
  }
  return out;
}

/** Where an element of a list stands in what was written; -1 where it does not. */
function indexOf(written: readonly unknown[], list: unknown, index: number, keys: readonly string[] | undefined): number {
  const wanted: unknown = Array.isArray(list) ? list[index] : undefined;
  if (!isObject(wanted) || !keys?.length) return written[index] === wanted || isObject(wanted) ? index : written.indexOf(wanted);
  const used = keys.filter((key) => wanted[key] !== undefined);
  const fits = (item: unknown, strictly: boolean): boolean =>
    isObject(item) && used.every((key) => item[key] === wanted[key] || (!strictly && item[key] === undefined));
  const strict = written.findIndex((item) => fits(item, true));
  return strict >= 0 ? strict : written.findIndex((item) => fits(item, false));
}
