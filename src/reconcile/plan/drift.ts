// What differs between the cluster and the last sync, and who made it differ: the manager that the object's managedFields name for the
// field, and when.
import { isObject, type JsonObject, type KubernetesObject } from '../../apimachinery/object.ts';
import type { FieldDifference } from './field-difference.ts';
import type { Plan, PlannedResource } from './plan.ts';
import { kindOf, type ResourceId } from './resource-id.ts';

export interface Drift extends ResourceId {
  readonly type: 'changed' | 'missing' | 'unwanted';
  readonly fields: readonly DriftedField[];
}

export interface DriftedField extends FieldDifference {
  /** Who owns the field now; empty where nobody does. */
  readonly manager: string;
  /** When that manager last wrote; empty where it is not known. */
  readonly time: string;
}

/** @param plan of what the last sync applied, made now */
export function driftOf({ resources }: Plan): Drift[] {
  return resources.flatMap((resource): Drift[] => {
    const { id, action } = resource;
    if (action === 'create') return [{ ...id, type: 'missing', fields: [] }];
    if (action === 'prune') return [{ ...id, type: 'unwanted', fields: [] }];
    return resource.differences.length
      ? [{ ...id, type: 'changed', fields: resource.differences.map((d) => attributed(d, resource)) }]
      : [];
  });
}

function attributed(difference: FieldDifference, { live }: PlannedResource): DriftedField {
  const { manager = '', time = '' } = (live && ownerOf(live, difference.path)) ?? {};
  return { ...difference, manager, time };
}

/** The last manager, other than jibe, that wrote the field or something in it. */
export function ownerOf(object: KubernetesObject, path: string): { readonly manager: string; readonly time: string } | undefined {
  const keys = fieldKeys(path);
  const owners = (object.metadata.managedFields ?? [])
    .filter(({ manager, fieldsV1 }) => manager !== 'jibe' && owns(fieldsV1, keys))
    .map(({ manager = '', time = '' }) => ({ manager, time }));
  return owners.sort((a, b) => (a.time < b.time ? 1 : -1))[0];
}

/** Sets name leaves, or the lists and maps that are owned as a whole. */
function owns(fields: unknown, keys: readonly string[]): boolean {
  let at = fields;
  for (const [i, key] of keys.entries()) {
    if (!isObject(at)) return false;
    // an atomic list or map is a leaf on the way
    if (i > 0 && Object.keys(at).length === 0) return true;
    at = at[key];
    if (at === undefined) return false;
  }
  return true;
}

/** `spec.containers[name="web"].image` → `f:spec`, `f:containers`, `k:{"name":"web"}`, `f:image`: the keys of FieldsV1. */
function fieldKeys(path: string): string[] {
  const keys: string[] = [];
  for (const [, name, inner] of path.matchAll(/([^.[\]]+)|\[((?:"(?:[^"\\]|\\.)*"|[^\]"])*)\]/g)) {
    if (name !== undefined) keys.push(`f:${name}`);
    else keys.push(bracketKey(inner ?? ''));
  }
  return keys;
}

function bracketKey(inner: string): string {
  if (/^\d+$/.test(inner)) return `i:${inner}`;
  const pairs = [...inner.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|[^,]+)/g)];
  if (pairs.length === 0) return `f:${inner}`;
  const key: JsonObject = {};
  for (const [, name = '', value = ''] of pairs.sort(([, a = ''], [, b = '']) => (a < b ? -1 : 1)))
    key[name] = JSON.parse(value) as unknown;
  return `k:${JSON.stringify(key)}`;
}

/** For people: `Deployment shop/web: spec.replicas is 5, should be 3 (kubectl-scale, 2026-01-01T00:00:00Z)`. */
export function driftText({ type, fields, ...id }: Drift): string[] {
  const what = `${kindOf(id).split('/').at(-1)} ${id.namespace ? `${id.namespace}/` : ''}${id.name}`;
  if (type === 'missing') return [`${what}: is missing`];
  if (type === 'unwanted') return [`${what}: is no longer in the source`];
  return fields.map(({ path, manager, time, ...values }) => {
    const who = manager ? ` (${manager}${time ? `, ${time}` : ''})` : '';
    const live = 'live' in values ? `is ${JSON.stringify(values.live)}` : 'is missing';
    const desired = 'desired' in values ? `should be ${JSON.stringify(values.desired)}` : 'should not be there';
    return `${what}: ${path} ${live}, ${desired}${who}`;
  });
}
