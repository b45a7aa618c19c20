// How the two values of one field differ, where that says more than the values themselves: the parts of an image's name, the fields of
// YAML or JSON in a text, the lines of a long text. Pure; texts are read, never run.
import { isObject } from '../../apimachinery/object.ts';
import { readYaml } from '../../apimachinery/yaml/read.ts';
import { structuralDifferences, type FieldDifference } from './field-difference.ts';

/** A part that is not there is null. */
export interface Change {
  readonly live: string | null;
  readonly desired: string | null;
}

export type ValueDifference =
  /** Only the parts that differ. A tag that is left out is `latest`, a registry `docker.io`. */
  | { readonly is: 'image'; readonly registry?: Change; readonly repository?: Change; readonly tag?: Change; readonly digest?: Change }
  /** The same name but for the hash that a generator puts behind it. */
  | { readonly is: 'generatedName'; readonly stem: string }
  | { readonly is: 'structure'; readonly format: 'json' | 'yaml'; readonly fields: readonly FieldDifference[] }
  | { readonly is: 'lines'; readonly live: number; readonly desired: number };

/** Larger texts are compared by lines alone. */
const LARGEST_STRUCTURE = 200_000;

/** Undefined where the values say all there is to say. */
export async function valueDifference({ path, live, desired }: FieldDifference): Promise<ValueDifference | undefined> {
  if (typeof live !== 'string' || typeof desired !== 'string') return undefined;
  if (IMAGE_PATH.test(path)) return imageDifference(live, desired);
  const stem = generatedStem(live);
  if (stem !== undefined && stem === generatedStem(desired)) return { is: 'generatedName', stem };
  if (!isText(live) && !isText(desired)) return undefined;
  return (await structure(live, desired)) ?? { is: 'lines', live: lineCount(live), desired: lineCount(desired) };
}

const isText = (value: string): boolean => value.includes('\n') || /^\s*[[{]/.test(value);
const lineCount = (text: string): number => text.replace(/\n$/, '').split('\n').length;

const IMAGE_PATH = /\b(?:[cC]ontainers\[.+\]\.image|image\.reference)$/;

export interface ImageName {
  readonly registry: string;
  readonly repository: string;
  /** Null where a digest alone says which it is. */
  readonly tag: string | null;
  readonly digest: string | null;
}

/** As container runtimes read it. */
export function parseImage(text: string): ImageName {
  const [name = '', digest = null] = text.split('@');
  const [, path = '', tag = digest === null ? 'latest' : null] = /^(.+?)(?::([\w][\w.-]*))?$/.exec(name) ?? [];
  const [first = '', ...rest] = path.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const repository = isHost ? rest.join('/') : path;
  const registry = isHost ? first : 'docker.io';
  return {
    registry,
    repository: registry === 'docker.io' && !repository.includes('/') ? `library/${repository}` : repository,
    tag,
    digest,
  };
}

function imageDifference(live: string, desired: string): ValueDifference {
  const [was, is] = [parseImage(live), parseImage(desired)];
  const parts = (['registry', 'repository', 'tag', 'digest'] as const).filter((part) => was[part] !== is[part]);
  return { is: 'image', ...Object.fromEntries(parts.map((part) => [part, { live: was[part], desired: is[part] }])) };
}

/** Letters of a hash as kustomize writes it: no vowels, and nothing that is taken for something else. */
const GENERATED = /^(.+)-[2456789bcdfghkmt]{10}$/;

/** The name that a generator was given; undefined where the name ends in no hash. */
export const generatedStem = (name: string): string | undefined => GENERATED.exec(name)?.[1];

async function structure(live: string, desired: string): Promise<ValueDifference | undefined> {
  if (live.length + desired.length > LARGEST_STRUCTURE) return undefined;
  for (const [format, read] of [
    ['json', readJson],
    ['yaml', readText],
  ] as const) {
    const [was, is] = [await read(live), await read(desired)];
    if (was === undefined || is === undefined) continue;
    return { is: 'structure', format, fields: structuralDifferences(was, is) };
  }
  return undefined;
}

type Tree = Record<string, unknown> | readonly unknown[];

const asTree = (value: unknown): Tree | undefined => (isObject(value) || Array.isArray(value) ? value : undefined);

function readJson(text: string): Tree | undefined {
  try {
    return asTree(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function readText(text: string): Promise<Tree | undefined> {
  const read = await readYaml(text);
  return read.faults ? undefined : asTree(read.value);
}
