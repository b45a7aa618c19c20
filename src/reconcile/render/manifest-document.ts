// One document of a file: its objects, with Lists taken apart, and its faults. It knows no file and no line of one, so documents can be
// cached by their text alone; manifests.ts puts them in their place. Objects are immutable and may be shared by many loads.
import type { ObjectMeta } from '#api/meta/v1';
import { encodeJson } from '../../apimachinery/json/encode.ts';
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import { readJson, readYaml } from '../../apimachinery/yaml/read.ts';
import { Lines, positionsIn, type Position } from './positions.ts';
import { recognise } from './recognise.ts';
import { decrypt, isEncrypted, type AgeKeys } from './sops.ts';

/** An object as its author wrote it. */
export interface DesiredObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

export interface DocumentEntry {
  readonly object: DesiredObject;
  /** Where in the document it stands: empty, or the way through Lists (`['items', 2]`). */
  readonly at: readonly (string | number)[];
  /** Where it begins in the document's text. */
  readonly position: Position;
}

export interface DocumentFault {
  readonly at: readonly (string | number)[];
  /** In the document's text. */
  readonly position: Position;
  readonly message: string;
  readonly hint?: string;
  /** Nothing in the document claims to be a Kubernetes object. */
  readonly foreign?: true;
  /** It is told, and the document counts all the same. */
  readonly tolerated?: true;
}

export class ManifestDocument {
  readonly text: string;
  readonly entries: readonly DocumentEntry[];
  readonly faults: readonly DocumentFault[];

  private constructor(text: string, entries: readonly DocumentEntry[], faults: readonly DocumentFault[]) {
    this.text = text;
    this.entries = entries;
    this.faults = faults;
  }

  /** A document whose objects others find; its text is for places. */
  static ofText(text: string): ManifestDocument {
    return new ManifestDocument(text, [], []);
  }

  /**
   * @param ageKeys to open a Secret that is encrypted
   * @param twice what keys are that are given twice: a fault; or the last of them counts, as where tools write what others read
   */
  static async read(
    text: string,
    format: 'yaml' | 'json',
    ageKeys?: AgeKeys,
    twice: 'fault' | 'last wins' = 'fault',
  ): Promise<ManifestDocument> {
    const result = await (format === 'json' ? readJson(text) : readYaml(text));
    const found = new Finder();
    let value: unknown;
    if (result.faults) {
      const lines = new Lines(text);
      const hint = recognise(text);
      const faults = result.faults.map(({ path, offset, ...fault }) => withHint({ at: path, position: lines.at(offset), ...fault }, hint));
      if (twice === 'fault' || !result.lastWins) return new ManifestDocument(text, [], faults);
      found.faults.push(...faults.map((fault) => ({ ...fault, tolerated: true as const })));
      value = result.lastWins.value;
    } else value = result.value;
    const opened = ageKeys && isEncrypted(value) ? await decrypt(value, ageKeys) : { value, fault: undefined };
    if (opened.fault) found.faults.push({ at: ['sops'], ...opened.fault });
    else if (opened.value !== null) found.collect(opened.value, [], undefined);
    const [entries, faults] = await Promise.all([positioned(text, found.entries), positioned(text, found.faults)]);
    return new ManifestDocument(
      text,
      entries,
      faults.map((fault) => (fault.foreign ? withHint(fault, recognise(text)) : fault)),
    );
  }
}

/** What is the document itself begins with its first word; the rest is looked for. */
async function positioned<T extends { readonly at: readonly (string | number)[] }>(
  text: string,
  found: readonly T[],
): Promise<readonly (T & { readonly position: Position })[]> {
  if (found.every(({ at }) => at.length === 0)) {
    if (found.length === 0) return [];
    const position = new Lines(text).at(startOf(text));
    return found.map((what) => ({ ...what, position }));
  }
  const positions = await positionsIn(text, found);
  return found.map((what, i) => ({ ...what, position: positions[i]! }));
}

/** Where a document's first word is: behind blank lines and comments. */
export function startOf(text: string): number {
  const lines = /^(?:[ \t]*(?:#[^\n]*)?\n)*/.exec(text)![0].length;
  return lines + /^ */.exec(text.slice(lines, lines + 200))![0].length;
}

const withHint = (fault: DocumentFault, hint: string | undefined): DocumentFault => (hint ? { ...fault, hint } : fault);

/** What items of a typed list (`ConfigMapList`) need not say themselves. */
interface ItemDefaults {
  readonly apiVersion: string;
  readonly kind: string;
}

class Finder {
  readonly entries: Omit<DocumentEntry, 'position'>[] = [];
  readonly faults: Omit<DocumentFault, 'position'>[] = [];

  collect(value: unknown, at: readonly (string | number)[], defaults: ItemDefaults | undefined): void {
    if (!isObject(value)) {
      const what = Array.isArray(value) ? 'a list' : value === null ? 'nothing' : `a ${typeof value}`;
      const hint =
        Array.isArray(value) && at.length === 0 ? 'objects go into documents of their own, or into the items of a List' : undefined;
      this.faults.push({
        at,
        message: `not a Kubernetes object but ${what}`,
        ...(hint ? { hint } : {}),
        ...(at.length ? {} : { foreign: true }),
      });
      return;
    }
    const whole = defaults && value.kind === undefined && value.apiVersion === undefined ? { ...defaults, ...value } : value;
    if (at.length === 0 && !('apiVersion' in whole || 'kind' in whole || 'metadata' in whole)) {
      this.faults.push({ at, message: 'not a Kubernetes object: it has neither apiVersion nor kind', foreign: true });
      return;
    }
    if (!this.isTyped(whole, at)) return;
    if (isList(whole)) this.collectItems(whole, at);
    else if (this.isNamed(whole, at)) this.entries.push({ object: whole, at });
  }

  private collectItems(list: TypedObject & { readonly items: readonly unknown[] | null }, at: readonly (string | number)[]): void {
    const kind = list.kind.slice(0, -'List'.length);
    const defaults = kind ? { apiVersion: list.apiVersion, kind } : undefined;
    (list.items ?? []).forEach((item, i) => this.collect(item, [...at, 'items', i], defaults));
  }

  private isTyped(value: JsonObject, at: readonly (string | number)[]): value is TypedObject {
    const before = this.faults.length;
    for (const field of ['apiVersion', 'kind']) {
      const given = value[field];
      if (typeof given === 'string' && given !== '') continue;
      const message = given === undefined || given === null || given === '' ? 'is missing' : `must be a string, not ${shown(given)}`;
      this.faults.push({ at: [...at, field], message, hint: 'every object names its apiVersion and kind' });
    }
    return this.faults.length === before;
  }

  private isNamed(value: TypedObject, at: readonly (string | number)[]): value is TypedObject & DesiredObject {
    const { metadata } = value;
    if (metadata !== undefined && metadata !== null && !isObject(metadata)) {
      this.faults.push({ at: [...at, 'metadata'], message: `must be a mapping, not ${shown(metadata)}` });
      return false;
    }
    for (const field of ['name', 'namespace', 'generateName']) {
      const given = metadata?.[field];
      if (given === undefined || given === null || typeof given === 'string') continue;
      this.faults.push({ at: [...at, 'metadata', field], message: `must be a string, not ${shown(given)}`, hint: 'put it in quotes' });
      return false;
    }
    // hooks may leave their name to the server
    if (!metadata?.name && !metadata?.generateName) {
      this.faults.push({ at: [...at, 'metadata', 'name'], message: 'is missing', hint: `every ${value.kind} needs a name` });
      return false;
    }
    return true;
  }
}

/** A value that should be a string, at a length that fits a message. */
function shown(value: unknown): string {
  const text = encodeJson(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

type TypedObject = JsonObject & { readonly apiVersion: string; readonly kind: string; readonly metadata?: JsonObject | null };

/** `v1/List` and typed lists alike. */
function isList(value: TypedObject): value is TypedObject & { readonly items: readonly unknown[] | null } {
  return value.kind.endsWith('List') && 'items' in value && (value.items === null || Array.isArray(value.items));
}
