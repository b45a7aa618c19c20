// Differences that are nobody's business: fields that an app's ignoreDifferences names by JSON pointer, by a path of jq, or by the manager
// that owns them. Pure.
import { pointerTokens } from '../../apimachinery/json/pointer.ts';
import { compileJqPaths, JqError, JqSyntaxError } from '../../apimachinery/jq/jq.ts';
import { deepCopy, isObject, type JsonObject, type KubernetesObject } from '../../apimachinery/object.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import type { DesiredResource } from './desired.ts';
import type { ResourceId } from './resource-id.ts';
import type { IgnoreDifference } from './sync-policy.ts';

/** The way to a field: names, indices. */
export type FieldWay = readonly (string | number)[];

/** Those fields of a live object that the rules name. */
export function ignoredPaths(live: KubernetesObject, id: ResourceId, rules: readonly IgnoreDifference[]): readonly FieldWay[] {
  const object = live as unknown as JsonObject;
  return rules
    .filter((rule) => fits(rule.group, id.group) && fits(rule.kind, id.kind))
    .filter(({ name, namespace }) => (name === '' || name === id.name) && (namespace === '' || namespace === id.namespace))
    .flatMap((rule) => [
      ...rule.jsonPointers.map(pointerTokens),
      ...rule.jqPathExpressions.flatMap((expression) => fromJq(expression, object)),
      ...rule.managedFieldsManagers.flatMap((manager) => ownedBy(manager, live)),
    ]);
}

/** A star alone stands for all. */
const fits = (pattern: string, text: string): boolean => pattern === '*' || pattern === text;

/** Where the values stand that an expression yields. One that cannot be read, or fails on this object, names nothing. */
function fromJq(expression: string, object: JsonObject): readonly FieldWay[] {
  try {
    return compileJqPaths(expression)(object).filter((way) => way.length > 0);
  } catch (error) {
    if (error instanceof JqSyntaxError || error instanceof JqError) return [];
    throw error;
  }
}

/** What a manager owns, down to the values. */
function ownedBy(manager: string, live: KubernetesObject): readonly FieldWay[] {
  return (live.metadata.managedFields ?? [])
    .filter((entry) => entry.manager === manager)
    .flatMap(({ fieldsV1 }) => (isObject(fieldsV1) ? leaves(fieldsV1, live, []) : []));
}

function leaves(fields: JsonObject, value: unknown, way: FieldWay): readonly FieldWay[] {
  const inner = Object.entries(fields).filter(([key]) => key !== '.');
  if (inner.length === 0) return way.length ? [way] : [];
  return inner.flatMap(([key, below]) => {
    const step = stepOf(key, value);
    return step === undefined ? [] : leaves(isObject(below) ? below : {}, (value as JsonObject)[step], [...way, step]);
  });
}

/** `f:name`, `k:{"name":"x"}`, `i:0`; of a set, nothing. */
function stepOf(key: string, value: unknown): string | number | undefined {
  const rest = key.slice(2);
  if (key.startsWith('f:')) return isObject(value) && rest in value ? rest : undefined;
  if (!Array.isArray(value)) return undefined;
  if (key.startsWith('i:')) return Number(rest);
  if (!key.startsWith('k:')) return undefined;
  const keys = Object.entries(JSON.parse(rest) as JsonObject);
  const index = value.findIndex((item) => isObject(item) && keys.every(([name, wanted]) => item[name] === wanted));
  return index < 0 ? undefined : index;
}

const valueAt = (object: unknown, way: FieldWay): unknown =>
  way.reduce<unknown>((value, step) => (isObject(value) || Array.isArray(value) ? (value as JsonObject)[step] : undefined), object);

/** An object with some fields as they are in another one. */
export const withPaths = (object: KubernetesObject, from: KubernetesObject, ways: readonly FieldWay[]): KubernetesObject =>
  replaced(object as unknown as JsonObject, from as unknown as JsonObject, ways) as unknown as KubernetesObject;

/** What is written leaves these fields as they are. */
export function withLive(desired: DesiredResource, live: KubernetesObject, ways: readonly FieldWay[]): DesiredResource {
  const object = desired.object as unknown as JsonObject;
  // what the source does not write is left alone in any case
  const written = ways.filter((way) => valueAt(object, way) !== undefined);
  return written.length
    ? { ...desired, object: replaced(object, live as unknown as JsonObject, written) as unknown as DesiredObject }
    : desired;
}

function replaced(object: JsonObject, from: JsonObject, ways: readonly FieldWay[]): JsonObject {
  const copy = deepCopy(object);
  for (const way of ways) {
    const value = valueAt(from, way);
    const parent = valueAt(copy, way.slice(0, -1));
    if (!isObject(parent) && !Array.isArray(parent)) continue;
    const last = way.at(-1)!;
    if (value !== undefined) (parent as JsonObject)[last] = value;
    else if (isObject(parent)) delete parent[last];
  }
  return copy;
}
