// Vars: `$(NAME)` in arguments, commands, environments and the like becomes the value of a field of some resource, once all names are
// final. Follows kustomize's refvar filter and its accumulator of vars.
import { isObject } from '../../../apimachinery/object.ts';
import { visitFields, type Field, type FieldSpec } from './field-spec.ts';
import type { Var } from './kustomization.ts';
import { KustomizeError } from './kustomize-error.ts';
import { gvkOf, NO_NAMESPACE, effectiveNamespace } from './resource-id.ts';
import type { ResourceMap } from './resource-map.ts';
import { lookup, splitFieldPath } from './replacement.ts';
import type { Resource } from './resource.ts';

/** Notes on the resources which vars are read from them, and adds the vars. */
export function mergeVars(map: ResourceMap, vars: Map<string, Var>, incoming: readonly Var[]): void {
  for (const [i, item] of incoming.entries()) {
    const { name, objref } = item;
    const { apiVersion } = objref;
    const slash = apiVersion.includes('/');
    const gvk = {
      group: slash ? gvkOf(apiVersion, '').group : objref.group,
      version: apiVersion ? gvkOf(apiVersion, '').version : objref.version,
      kind: objref.kind,
    };
    const namespace = objref.namespace ? effectiveNamespace(gvk, objref.namespace) : undefined;
    const matched = map.resources.filter((resource) =>
      resource.allIds.some(
        (id) =>
          id.name === objref.name &&
          id.group === gvk.group &&
          id.version === gvk.version &&
          id.kind === gvk.kind &&
          (namespace === undefined || namespace === NO_NAMESPACE || id.effectiveNamespace === namespace),
      ),
    );
    if (matched.length > 1)
      throw new KustomizeError(`found ${matched.length} resId matches for var ${name} (unable to disambiguate)`, { at: ['vars', i] });
    matched[0]?.refVarNames.push(name);
    addVar(vars, item, ['vars', i]);
  }
}

export function addVar(vars: Map<string, Var>, item: Var, at: readonly (string | number)[]): void {
  if (vars.has(item.name)) throw new KustomizeError(`var '${item.name}' already encountered`, { at });
  vars.set(item.name, item);
}

type Value = string | number | boolean;

/** Replaces all vars. @returns names of those that stand nowhere */
export function resolveVars(map: ResourceMap, vars: ReadonlyMap<string, Var>, specs: readonly FieldSpec[]): readonly string[] {
  if (vars.size === 0) return [];
  const values = new Map<string, unknown>();
  for (const item of vars.values()) values.set(item.name, valueOf(map.resources, item));
  const used = new Set<string>();
  const mapping = (name: string): Value => {
    const value = values.get(name);
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return `$(${name})`;
    used.add(name);
    return value;
  };
  for (const resource of map.resources) visitFields(resource, specs, undefined, (field) => replaceIn(field, mapping));
  return [...values.keys()].filter((name) => !used.has(name)).sort();
}

function valueOf(resources: readonly Resource[], { name, fieldref }: Var): unknown {
  const resource = resources.find(({ refVarNames }) => refVarNames.includes(name));
  if (!resource) throw new KustomizeError(`var '${name}' cannot be mapped to a field in the set of known resources`, { at: ['vars'] });
  // spec.ports[0] means element 0 of spec.ports
  const path = splitFieldPath(fieldref.fieldPath || 'metadata.name').flatMap((part) => {
    const indexed = /^(.*)\[(\d+)\]$/.exec(part);
    return indexed ? [indexed[1]!, indexed[2]!] : [part];
  });
  const value = lookup(resource.object, path);
  if (value === undefined)
    throw new KustomizeError(`field specified in var '${name}' not found in corresponding resource`, {
      at: ['vars'],
      hint: `the resource is at ${resource.origin.file}:${resource.origin.line}`,
    });
  return value;
}

function replaceIn(field: Field, mapping: (name: string) => Value): void {
  const value = field.get();
  if (typeof value === 'string') field.set(replaced(value, mapping));
  else if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      if (typeof item !== 'string') throw new KustomizeError('invalid value type expect a string');
      value[i] = replaced(item, mapping);
    }
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) if (typeof item === 'string') value[key] = replaced(item, mapping);
  }
}

/** `$$` is a dollar sign, `$(NAME)` a var; a text that is nothing but a var gets the var's type. */
function replaced(input: string, mapping: (name: string) => Value): Value {
  const whole = /^\$\(([^)]*)\)$/.exec(input);
  if (whole) return mapping(whole[1]!);
  return input.replace(/\$(?:(\$)|\(([^)]*)\)|(\()|([^$(]))/g, (all, dollar?: string, name?: string) =>
    dollar ? '$' : name === undefined ? all : String(mapping(name)),
  );
}
