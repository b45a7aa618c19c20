// The annotation of client-side apply, `kubectl.kubernetes.io/last-applied-configuration`, when kubectl goes over to server-side apply:
// what it says was applied is no conflict, and it is kept up to date.
//
// Follows managedfields/internal/lastapplied*.go.
import { isObject, type JsonObject } from '../object.ts';
import { goJson } from '../validation/field-error.ts';
import type { ApplyType } from './apply-schema.ts';
import { compare } from './compare.ts';
import type { FieldSet } from './field-set.ts';
import { toFieldSet } from './to-field-set.ts';
import type { Conflict } from './updater.ts';
import { validate } from './validate.ts';

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Only for the manager of this name. */
export const LAST_APPLIED_MANAGER = 'kubectl';

/** Of all annotations together, in bytes. */
const MAX_ANNOTATIONS = 256 * 1024;

const annotationsOf = (object: JsonObject): JsonObject | undefined => {
  const annotations = isObject(object.metadata) ? object.metadata.annotations : undefined;
  return isObject(annotations) ? annotations : undefined;
};

function lastApplied(object: JsonObject): string | undefined {
  const text = annotationsOf(object)?.[LAST_APPLIED];
  return typeof text === 'string' && text ? text : undefined;
}

/** The conflicts that remain: all but those about fields which the live object has as the annotation says they were applied. */
export function withoutLastApplied(type: ApplyType, live: JsonObject, conflicts: readonly Conflict[]): readonly Conflict[] {
  const allowed = ownedByClientSideApply(type, live);
  return allowed ? conflicts.filter(({ path }) => !allowed.has(path)) : conflicts;
}

/** Undefined where the annotation is missing or of no use. */
function ownedByClientSideApply(type: ApplyType, live: JsonObject): FieldSet | undefined {
  const text = lastApplied(live);
  if (text === undefined) return undefined;
  try {
    const applied: unknown = JSON.parse(text);
    if (!isObject(applied) || applied.apiVersion !== live.apiVersion || applied.kind !== live.kind) return undefined;
    validate(type, applied);
    const { added, modified, removed } = compare(type, applied, live);
    return toFieldSet(type, applied).difference(modified).difference(added).difference(removed);
  } catch {
    return undefined;
  }
}

/** @param merged what came out of the apply; the annotation is kept where it has one @param config what was applied */
export function withLastApplied(merged: JsonObject, config: JsonObject): JsonObject {
  if (lastApplied(merged) === undefined) return merged;
  const annotations: JsonObject = { ...annotationsOf(merged), [LAST_APPLIED]: encoded(config) };
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) size += Buffer.byteLength(key) + Buffer.byteLength(String(value));
  if (size > MAX_ANNOTATIONS) delete annotations[LAST_APPLIED];
  return { ...merged, metadata: { ...(merged.metadata as JsonObject), annotations } };
}

/** As Go encodes an object of no known type: keys sorted, a line end after it. Annotations are what reading and writing them makes of them. */
function encoded(config: JsonObject): string {
  const { metadata } = config;
  if (!isObject(metadata) || !Object.hasOwn(metadata, 'annotations')) return text(config);
  const { annotations, ...others } = metadata;
  if (!isObject(annotations)) return text({ ...config, metadata: others });
  const { [LAST_APPLIED]: _, ...kept } = annotations;
  const read = Object.fromEntries(Object.entries(kept).map(([key, value]) => [key, value ?? '']));
  return text({ ...config, metadata: { ...others, annotations: read } });
}

const text = (value: unknown): string => `${goJson(sorted(value))}\n`;

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
