// configMapGenerator and secretGenerator: ConfigMaps and Secrets made of files, env files and literals. Follows kustomize's generators
// and its key-value loader.
import { isUtf8 } from 'node:buffer';
import type { JsonObject } from '../../../apimachinery/object.ts';
import type { GeneratorArgs, GeneratorOptions } from './kustomization.ts';
import { KustomizeError } from './kustomize-error.ts';
import type { Behavior } from './resource.ts';

export type GeneratedKind = 'ConfigMap' | 'Secret';

export interface Generated {
  readonly object: JsonObject;
  readonly behavior: Behavior;
  readonly needsHash: boolean;
  /** What each key is made of. */
  readonly keys: ReadonlyMap<string, KeySource>;
}

/** The field of the generator, and where that names a file, the line in it. */
export interface KeySource {
  readonly at: readonly (string | number)[];
  readonly file?: string;
  readonly line?: number;
}

/** What a generator reads. */
interface ReadFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Options of one generator, with those of all. */
export function mergedOptions(own: GeneratorOptions | undefined, all: GeneratorOptions | undefined): GeneratorOptions | undefined {
  if (!all) return own;
  return {
    labels: { ...all.labels, ...own?.labels },
    annotations: { ...all.annotations, ...own?.annotations },
    disableNameSuffixHash: all.disableNameSuffixHash || !!own?.disableNameSuffixHash,
    immutable: all.immutable || !!own?.immutable,
  };
}

/** @param load reads a file that the kustomization names, at that field */
export async function generate(
  kind: GeneratedKind,
  args: GeneratorArgs,
  options: GeneratorOptions | undefined,
  load: (path: string, at: readonly (string | number)[]) => Promise<ReadFile>,
): Promise<Generated> {
  if (args.name === '') throw new KustomizeError(`a ${kind === 'Secret' ? 'secret' : 'configmap'} must have a name`, { at: ['name'] });
  const pairs = new Map<string, Uint8Array>();
  const keys = new Map<string, KeySource>();
  const add = (key: string, value: Uint8Array, source: KeySource): void => {
    if (pairs.has(key)) throw new KustomizeError(`configmap ${args.name} illegally repeats the key \`${key}\``, { at: source.at });
    pairs.set(key, value);
    keys.set(key, source);
  };
  const envs = [...args.envs.map((path, i) => ({ path, at: ['envs', i] })), ...(args.env ? [{ path: args.env, at: ['env'] }] : [])];
  for (const { path, at } of envs) {
    const { name, bytes } = await load(path, at);
    for (const { key, value, line } of envLines(bytes, at)) add(key, value, { at, file: name, line });
  }
  for (const [i, literal] of args.literals.entries()) {
    const [key, value] = literalOf(literal, ['literals', i]);
    add(key, value, { at: ['literals', i] });
  }
  for (const [i, source] of args.files.entries()) {
    const { key, path } = fileSource(source, ['files', i]);
    const { name, bytes } = await load(path, ['files', i]);
    add(key, bytes, { at: ['files', i], file: name, line: 1 });
  }
  return {
    object: objectOf(kind, args, options, pairs),
    behavior: behaviorOf(args.behavior),
    needsHash: !options?.disableNameSuffixHash,
    keys,
  };
}

function objectOf(
  kind: GeneratedKind,
  { name, namespace, type }: GeneratorArgs,
  options: GeneratorOptions | undefined,
  pairs: ReadonlyMap<string, Uint8Array>,
): JsonObject {
  const data: JsonObject = {};
  const binaryData: JsonObject = {};
  for (const [key, bytes] of [...pairs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (kind === 'Secret') data[key] = base64(bytes);
    else if (isUtf8(bytes)) data[key] = Buffer.from(bytes).toString('utf8');
    else binaryData[key] = base64(bytes);
  }
  const metadata: JsonObject = { name };
  if (namespace) metadata.namespace = namespace;
  if (options && Object.keys(options.labels).length) metadata.labels = { ...options.labels };
  if (options && Object.keys(options.annotations).length) metadata.annotations = { ...options.annotations };
  return {
    apiVersion: 'v1',
    kind,
    metadata,
    ...(kind === 'Secret' ? { type: type || 'Opaque', data } : {}),
    ...(kind === 'ConfigMap' && Object.keys(data).length ? { data } : {}),
    ...(Object.keys(binaryData).length ? { binaryData } : {}),
    ...(options?.immutable ? { immutable: true } : {}),
  };
}

/** In lines of 70 characters where one does not suffice, each of them ended. */
function base64(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('base64');
  return text.length < 70 ? text : text.replace(/.{1,70}/g, '$&\n');
}

/** Lines of `key=value`; blank ones and comments count for nothing. */
function envLines(
  bytes: Uint8Array,
  at: readonly (string | number)[],
): readonly { readonly key: string; readonly value: Uint8Array; readonly line: number }[] {
  if (!isUtf8(bytes)) throw new KustomizeError('the env file has invalid UTF-8', { at });
  const text = Buffer.from(bytes).toString('utf8');
  const out: { key: string; value: Uint8Array; line: number }[] = [];
  for (const [i, raw] of text.split('\n').entries()) {
    const ended = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const line = (i === 0 ? ended.replace(/^\ufeff/, '') : ended).trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const equals = line.indexOf('=');
    const key = equals < 0 ? line : line.slice(0, equals);
    if (key !== '') out.push({ key, value: Buffer.from(equals < 0 ? '' : line.slice(equals + 1)), line: i + 1 });
  }
  return out;
}

function literalOf(literal: string, at: readonly (string | number)[]): readonly [string, Uint8Array] {
  const equals = literal.indexOf('=');
  if (equals <= 0) throw new KustomizeError(`invalid literal source ${literal}, expected key=value`, { at });
  const value = literal.slice(equals + 1);
  const quoted = value.length > 1 && value[0] === value.at(-1) && (value[0] === '"' || value[0] === "'");
  return [literal.slice(0, equals), Buffer.from(quoted ? value.slice(1, -1) : value)];
}

function fileSource(source: string, at: readonly (string | number)[]): { readonly key: string; readonly path: string } {
  const [key = '', path = '', ...more] = source.split('=');
  if (more.length) throw new KustomizeError(`source ${JSON.stringify(source)} key name or file path contains '='`, { at });
  if (!source.includes('=')) return { key: key.replace(/\/+$/, '').split('/').at(-1)!, path: source };
  if (key === '')
    throw new KustomizeError(`missing key name for file path ${JSON.stringify(path)} in source ${JSON.stringify(source)}`, { at });
  if (path === '')
    throw new KustomizeError(`missing file path for key name ${JSON.stringify(key)} in source ${JSON.stringify(source)}`, { at });
  return { key, path };
}

/** What is none of the three is taken for `create`, as in kustomize. */
const behaviorOf = (text: string): Behavior => (text === 'merge' || text === 'replace' ? text : 'create');
