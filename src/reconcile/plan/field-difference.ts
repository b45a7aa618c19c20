// What differs between an object as it lives and as it is desired, field by field. Lists whose elements have keys are compared by key,
// as Kubernetes merges them; what the server keeps for itself (versions, ownership, status) makes no difference; Secrets stay secret.
import type { Field, GoType } from '../../apimachinery/schema/go-type.ts';
import { compareQuantities, parseQuantity, QuantityError } from '../../apimachinery/quantity.ts';
import { LAST_APPLIED } from '../../apimachinery/apply/last-applied.ts';
import { typeOfKind } from '../../apimachinery/schema/type-of-kind.ts';
import { PART_OF_LABEL } from './apply-set.ts';
import { deepEqual, isObject, type JsonObject, type KubernetesObject } from '../../apimachinery/object.ts';

export interface FieldDifference {
  /** As Kubernetes writes it: `spec.template.spec.containers[name="web"].image`. */
  readonly path: string;
  /** Absent where the field is not there. */
  readonly live?: unknown;
  readonly desired?: unknown;
}

/** Stands for a value of a Secret. The two sides of a difference are told apart by it. */
const MASKED = { live: '(masked)', desired: '(masked, changed)' };

/** Notes that jibe and kubectl keep with an object: no part of what people wrote. */
const NOTES: ReadonlySet<string> = new Set([`metadata.labels[${PART_OF_LABEL}]`, `metadata.annotations[${LAST_APPLIED}]`]);

const SERVER_METADATA = new Set(['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'selfLink']);

/** All differences, in the order of the desired object's fields. */
export function fieldDifferences(live: KubernetesObject, desired: KubernetesObject): FieldDifference[] {
  const found: FieldDifference[] = [];
  const type = typeOfKind(desired);
  const skip = (key: string, path: string): boolean => key === 'status' && path === '';
  compareMaps(live, desired, type, '', found, skip);
  return desired.kind === 'Secret' && desired.apiVersion === 'v1' ? found.map(maskSecret) : found;
}

/** Of two values without a type: what YAML or JSON in a text holds. */
export function structuralDifferences(live: unknown, desired: unknown): FieldDifference[] {
  const found: FieldDifference[] = [];
  compareValues(live, desired, undefined, undefined, '', found, () => false);
  return found;
}

type Skip = (key: string, path: string) => boolean;

function compareMaps(
  live: JsonObject,
  desired: JsonObject,
  type: GoType | undefined,
  at: string,
  found: FieldDifference[],
  skip: Skip,
): void {
  if (live === desired) return;
  for (const key of new Set([...Object.keys(desired), ...Object.keys(live)])) {
    if (skip(key, at)) continue;
    if (at === 'metadata' && SERVER_METADATA.has(key)) continue;
    const field = fieldOf(type, key);
    const path = childPath(at, key);
    if (!NOTES.has(path)) compareValues(live[key], desired[key], field.type, field.keys, path, found, skip);
  }
}

function compareValues(
  live: unknown,
  desired: unknown,
  type: GoType | undefined,
  keys: readonly string[] | undefined,
  at: string,
  found: FieldDifference[],
  skip: Skip,
): void {
  if (
    deepEqual(live, desired) ||
    (bare(type)?.is === 'slice' && isNothing(live) && isNothing(desired)) ||
    isSameQuantity(live, desired, type)
  )
    return;
  if (at === 'metadata.labels' || at === 'metadata.annotations') [live, desired] = [live ?? {}, desired ?? {}];
  if (isObject(live) && isObject(desired)) return compareMaps(live, desired, type, at, found, skip);
  if (Array.isArray(live) && Array.isArray(desired)) return compareLists(live, desired, elementOf(type), keys, at, found, skip);
  found.push({ path: at, ...(live === undefined ? {} : { live }), ...(desired === undefined ? {} : { desired }) });
}

/** Of a Go slice: one that is not there is as good as an empty one, and some servers answer with the one, some with the other. */
const isNothing = (value: unknown): boolean => value === null || (Array.isArray(value) && value.length === 0);

/** `0.5` is `500m`; what is no quantity is equal to nothing. */
function isSameQuantity(live: unknown, desired: unknown, type: GoType | undefined): boolean {
  const written = bare(type);
  if (written?.is !== 'opaque' || written.name !== 'Quantity' || live === undefined || desired === undefined) return false;
  try {
    return compareQuantities(parseQuantity(String(live)), parseQuantity(String(desired))) === 0;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

function compareLists(
  live: readonly unknown[],
  desired: readonly unknown[],
  element: GoType | undefined,
  keys: readonly string[] | undefined,
  at: string,
  found: FieldDifference[],
  skip: Skip,
): void {
  const [byKey, desiredByKey] = keys ? [keyed(live, keys), keyed(desired, keys)] : [];
  if (byKey && desiredByKey) {
    const before = found.length;
    for (const key of new Set([...desiredByKey.keys(), ...byKey.keys()]))
      compareValues(byKey.get(key), desiredByKey.get(key), element, undefined, `${at}[${key}]`, found, skip);
    if (found.length === before && sameMembers(byKey, desiredByKey))
      found.push({ path: at, live: [...byKey.keys()], desired: [...desiredByKey.keys()] });
    return;
  }
  for (let i = 0; i < Math.max(live.length, desired.length); i++)
    compareValues(live[i], desired[i], element, undefined, `${at}[${i}]`, found, skip);
}

/** Both lists have the same elements: only their order differs. */
const sameMembers = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean =>
  a.size === b.size && [...a].every(([key, value]) => deepEqual(value, b.get(key)));

/** `name="web"` → element; undefined where the keys do not tell the elements apart. */
function keyed(list: readonly unknown[], keys: readonly string[]): Map<string, unknown> | undefined {
  const map = new Map<string, unknown>();
  for (const element of list) {
    if (!isObject(element)) return undefined;
    const key = keys.map((k) => `${k}=${JSON.stringify(element[k] ?? (k === 'protocol' ? 'TCP' : ''))}`).join(',');
    if (map.has(key)) return undefined;
    map.set(key, element);
  }
  return map;
}

const bare = (type: GoType | undefined): GoType | undefined => (type?.is === 'pointer' ? type.elem : type);

function fieldOf(
  type: GoType | undefined,
  key: string,
): { readonly type: GoType | undefined; readonly keys: readonly string[] | undefined } {
  const container = bare(type);
  if (container?.is === 'map') return { type: container.elem, keys: undefined };
  const field = container?.is === 'struct' ? container.byJson.get(key) : undefined;
  return { type: field?.type, keys: field && listKeys(field) };
}

const listKeys = ({ list }: Field): readonly string[] | undefined =>
  list.mapKeys ?? (list.patchMergeKey ? [list.patchMergeKey] : undefined);

function elementOf(type: GoType | undefined): GoType | undefined {
  const list = bare(type);
  return list?.is === 'slice' ? list.elem : undefined;
}

const childPath = (at: string, key: string): string => (/^[\w$-]+$/.test(key) ? (at ? `${at}.${key}` : key) : `${at}[${key}]`);

/** Also what a client wrote into an annotation. */
function maskSecret(difference: FieldDifference): FieldDifference {
  const { path } = difference;
  if (!/^(?:data|stringData)\b|last-applied-configuration/.test(path)) return difference;
  return {
    path,
    ...('live' in difference ? { live: MASKED.live } : {}),
    ...('desired' in difference ? { desired: 'live' in difference ? MASKED.desired : MASKED.live } : {}),
  };
}
