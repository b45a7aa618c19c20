// Replacements: a value of one resource is copied into fields of others. Follows kustomize's replacement filter and kyaml's PathMatcher.
import { deepCopy, isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { resolvePlainV3 } from '../../../apimachinery/yaml/scalar.ts';
import { compileRegexp, RegexpError, type Regexp } from '../../../apimachinery/regexp.ts';
import { element, member, nodeKind, splitPath, wrongKind, type Field } from './field-spec.ts';
import type { FieldOptions, Replacement, ReplacementSource, ReplacementTarget, Selector } from './kustomization.ts';
import { KustomizeError, type FieldPath } from './kustomize-error.ts';
import { isSelected, type ResourceId } from './resource-id.ts';
import { text, type Resource } from './resource.ts';
import type { SourceOf } from './transformers.ts';
import { bySelectors } from './selector.ts';

/** Errors stand at fields of the replacement. */
export function replace(resources: readonly Resource[], { source, targets }: Replacement, sourceOf: SourceOf): void {
  if (!source) throw new KustomizeError('replacements must specify a source and at least one target');
  if (targets.length === 0) throw new KustomizeError('replacements must specify a source and at least one target', { at: ['source'] });
  const value = sourceValue(resources, source);
  for (const [i, target] of targets.entries()) replaceIn(resources, value, target, ['targets', i], sourceOf);
}

/** Empty fields select all. */
function selects(selector: Omit<Selector, 'labelSelector' | 'annotationSelector'>, id: ResourceId): boolean {
  const namespace =
    selector.namespace === '' || (selector.namespace === 'default' ? 'default' : selector.namespace) === id.effectiveNamespace;
  return (selector.name === '' || selector.name === id.name) && namespace && isSelected(id, selector);
}

function sourceValue(resources: readonly Resource[], source: ReplacementSource): unknown {
  const matches = resources.filter((resource) => resource.allIds.some((id) => selects(source, id)));
  const shown = [source.group, source.version, source.kind, source.namespace, source.name].filter(Boolean).join('/');
  if (matches.length > 1) throw new KustomizeError(`multiple matches for selector ${shown}`, { at: ['source'] });
  const [resource] = matches;
  if (!resource) throw new KustomizeError(`nothing selected by ${shown}`, { at: ['source'] });
  const fieldPath = source.fieldPath || 'metadata.name';
  const value = lookup(resource.object, splitFieldPath(fieldPath));
  const isMissing =
    value === undefined || value === null || (Array.isArray(value) && !value.length) || (isObject(value) && !Object.keys(value).length);
  if (isMissing)
    throw new KustomizeError(`fieldPath \`${fieldPath}\` is missing for replacement source ${resource.kind} ${resource.name}`, {
      at: ['source', 'fieldPath'],
    });
  const { delimiter = '', index = 0 } = source.options ?? {};
  if (delimiter === '') return value;
  if (typeof value === 'object')
    throw new KustomizeError('delimiter option can only be used with scalar nodes', { at: ['source', 'options'] });
  const parts = text(value).split(delimiter);
  if (index < 0 || index >= parts.length)
    throw new KustomizeError(`options.index ${index} is out of bounds for value ${text(value)}`, { at: ['source', 'options', 'index'] });
  return parts[index];
}

function replaceIn(resources: readonly Resource[], value: unknown, target: ReplacementTarget, at: FieldPath, sourceOf: SourceOf): void {
  const { select, reject } = target;
  if (!select) throw new KustomizeError('target must specify resources to select', { at });
  const matches = bySelectors(select, [...at, 'select']);
  const rejects = reject
    .filter(({ labelSelector, annotationSelector }) => labelSelector || annotationSelector)
    .map((selector) => bySelectors(selector, [...at, 'reject']));
  const rejectIds = reject.filter(({ group, version, kind, name, namespace }) => group || version || kind || name || namespace);
  for (const resource of resources) {
    if (!matches(resource) || rejects.some((rejected) => rejected(resource))) continue;
    const ids = resource.allIds;
    if (!ids.some((id) => selects(select, id)) || rejectIds.some((selector) => ids.some((id) => selects(selector, id)))) continue;
    copyInto(resource, value, target, at, sourceOf);
  }
}

function copyInto(resource: Resource, value: unknown, { fieldPaths, options }: ReplacementTarget, at: FieldPath, sourceOf: SourceOf): void {
  for (const [i, fieldPath] of (fieldPaths.length ? fieldPaths : ['metadata.name']).entries()) {
    const root: Field = {
      holder: resource,
      key: 'object',
      get: () => resource.object,
      set: (object) => {
        resource.object = object as JsonObject;
      },
    };
    const found = new PathMatcher(options?.create ? value : undefined).fields(root, splitFieldPath(fieldPath));
    if (found.length === 0)
      throw new KustomizeError(
        `unable to find ${options?.create ? 'or create ' : ''}field ${JSON.stringify(fieldPath)} in replacement target`,
        { at: [...at, 'fieldPaths', i], hint: `the target is at ${resource.origin.file}:${resource.origin.line}` },
      );
    for (const field of found) {
      setValue(field, value, options, at);
      resource.origins.set(field.holder, field.key, field.get(), sourceOf(...at, 'fieldPaths', i));
    }
  }
}

function setValue(field: Field, source: unknown, options: FieldOptions | undefined, at: FieldPath): void {
  const old = field.get();
  let value = deepCopy(source);
  if (options?.delimiter) {
    if (typeof old === 'object' && old !== null)
      throw new KustomizeError('delimiter option can only be used with scalar nodes', { at: [...at, 'options'] });
    const parts = text(old).split(options.delimiter);
    if (options.index < 0) parts.unshift(text(value));
    else if (options.index >= parts.length) parts.push(text(value));
    else parts[options.index] = text(value);
    value = parts.join(options.delimiter);
  }
  field.set(typeof old === 'object' && old !== null ? value : likeBefore(old, value));
}

/** Scalars keep the type that they had: the text of the value is read as one of it. */
function likeBefore(old: unknown, value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return value;
  if (typeof old === 'string') return text(value);
  // what was made for it has no type yet
  if (old === null || old === undefined) return resolvePlainV3(text(value));
  if ((typeof old === 'number' || typeof old === 'bigint') && typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value))
    return Number(value);
  if (typeof old === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

/** `spec.containers.[name=a.b].image`: what stands in brackets is one part, `\\.` is a dot. */
export function splitFieldPath(path: string): readonly string[] {
  const parts = splitPath(path, '.');
  const out: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    if (!parts[i]!.startsWith('[') || parts[i]!.endsWith(']')) {
      out.push(parts[i]!);
      continue;
    }
    const bracketed = [parts[i]!];
    while (i < parts.length - 1) {
      bracketed.push(parts[++i]!);
      if (parts[i]!.endsWith(']')) break;
    }
    const joined = bracketed.join('.');
    out.push(joined.includes('=') ? joined : joined.replace(/^[[\]]+|[[\]]+$/g, ''));
  }
  return out;
}

const isIndex = (part: string): boolean => /^\+?\d+$/.test(part);
const isMatch = (part: string): boolean => part.startsWith('[') && part.endsWith(']');

function nameAndValue(part: string): readonly [name: string, value: string] {
  const inner = part.slice(1, -1);
  const equals = inner.indexOf('=');
  if (equals < 0) throw new KustomizeError('list path element must contain fieldName=fieldValue for element to match');
  return [inner.slice(0, equals), inner.slice(equals + 1)];
}

function compiled(pattern: string): Regexp {
  try {
    return compileRegexp(pattern);
  } catch (error) {
    if (error instanceof RegexpError) throw new KustomizeError(error.message, { cause: error });
    throw error;
  }
}

/** The value at a path, for reading. */
export function lookup(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const part of path.map((name) => name.trim()).filter(Boolean)) {
    if (value === undefined || value === null) return undefined;
    if (isIndex(part) || part === '-') {
      if (!Array.isArray(value)) throw wrongKind('SequenceNode', value);
      value = part === '-' ? value.at(-1) : value[Number(part)];
    } else if (part === '*') throw new KustomizeError('wildcard is not supported in PathGetter');
    else if (isMatch(part)) {
      const [name, wanted] = nameAndValue(part);
      if (!Array.isArray(value)) throw wrongKind('SequenceNode', value);
      value = value.find((item) =>
        name === '' ? text(item) === wanted : isObject(item) && Object.hasOwn(item, name) && (wanted === '' || text(item[name]) === wanted),
      );
    } else {
      if (!isObject(value)) throw wrongKind('MappingNode', value);
      value = Object.hasOwn(value, part) ? value[part] : undefined;
    }
  }
  return value;
}

/** All fields that a path leads to, for writing; made on the way where there is a value to be created. */
class PathMatcher {
  private readonly create: boolean;
  private readonly leaf: unknown;

  constructor(value: unknown) {
    this.create = value !== undefined;
    this.leaf = value;
  }

  fields(field: Field, path: readonly string[]): readonly Field[] {
    const [part, ...rest] = path;
    if (part === undefined) return [field];
    if (isIndex(part)) return this.byIndex(field, Number(part), rest);
    if (isMatch(part)) return this.byMatch(field, part, rest);
    if (part === '*') {
      const value = field.get();
      if (!Array.isArray(value)) throw wrongKind('SequenceNode', value);
      return value.flatMap((_, i) => this.fields(element(value, i), rest));
    }
    const value = field.get();
    if (value === null || value === undefined) return [];
    if (!isObject(value)) throw wrongKind('MappingNode', value);
    if (!Object.hasOwn(value, part)) {
      if (!this.create) return [];
      value[part] = this.empty(rest[0]);
    }
    return this.fields(member(value, part), rest);
  }

  /** What is made for a part that another follows. */
  private empty(next: string | undefined): unknown {
    if (next === undefined) return nodeKind(this.leaf) === 'SequenceNode' ? [] : nodeKind(this.leaf) === 'MappingNode' ? {} : null;
    return isMatch(next) || isIndex(next) ? [] : {};
  }

  private byIndex(field: Field, index: number, rest: readonly string[]): readonly Field[] {
    const value = field.get();
    if (!Array.isArray(value)) throw wrongKind('SequenceNode', value);
    if (index === value.length && this.create) value.push(this.empty(rest[0]));
    if (index >= value.length) throw new KustomizeError(`index ${index} specified but only ${value.length} elements found`);
    return this.fields(element(value, index), rest);
  }

  private byMatch(field: Field, part: string, rest: readonly string[]): readonly Field[] {
    const value = field.get();
    if (value === null || value === undefined) return [];
    if (!Array.isArray(value)) throw wrongKind('SequenceNode', value);
    const [name, pattern] = nameAndValue(part);
    const regexp = compiled(pattern);
    const fits = (item: unknown): boolean =>
      name === '' ? regexp.test(text(item)) : isObject(item) && Object.hasOwn(item, name) && regexp.test(text(item[name]));
    const found = (): readonly Field[] =>
      value.flatMap((item, i) => (fits(item) ? (name === '' ? [element(value, i)] : this.fields(element(value, i), rest)) : []));
    const before = found();
    if (before.length || !this.create) return before;
    value.push(name === '' ? pattern : { [name]: pattern });
    return found();
  }
}
