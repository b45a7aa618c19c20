// A plan's changes as people understand them: fields in the order of their weight and each described by what it is, generated objects
// with a hash in their name as one changed object, objects that were renamed or only stand in another file. Pure.
import { deepEqual, splitApiVersion } from '../apimachinery/object.ts';
import { PART_OF_LABEL } from './plan/apply-set.ts';
import { fieldDifferences, type FieldDifference } from './plan/field-difference.ts';
import type { Plan, PlannedResource } from './plan/plan.ts';
import { resourceKey, type ResourceId } from './plan/resource-id.ts';
import { generatedStem, valueDifference } from './plan/value-difference.ts';
import type { DesiredObject } from './render/manifest-document.ts';
import type { Manifest } from './render/manifests.ts';
import { locateAll, type ManifestOrigin, type Origin } from './render/origin.ts';
import { originOf, type DescribedDifference, type ObjectDifference } from './report/result.ts';

export async function semanticDifferences(plan: Plan): Promise<ObjectDifference[]> {
  const previous = generatedPairs(plan.resources);
  const replaced = new Set(previous.values());
  const renamed = renamedPairs(plan, new Set([...previous.keys(), ...replaced]));
  const found: { readonly difference: ObjectDifference; readonly from: ManifestOrigin | undefined }[] = [];
  for (const planned of plan.resources) {
    if (replaced.has(planned)) continue;
    const old = previous.get(planned);
    const difference = old ? generated(planned, old) : plain(planned);
    if (!difference) continue;
    const other = renamed.get(planned)?.id;
    const place = other && { namespace: other.namespace, name: other.name };
    const told = place ? { [planned.action === 'create' ? 'renamedFrom' : 'renamedTo']: place } : {};
    found.push({ difference: { ...difference, ...told, fields: await described(difference.fields) }, from: planned.desired?.origin });
  }
  return withOrigins(found);
}

/** Each field with the place where its value is said. */
async function withOrigins(
  found: readonly { readonly difference: ObjectDifference; readonly from: ManifestOrigin | undefined }[],
): Promise<ObjectDifference[]> {
  const places = await locateAll(
    found.flatMap(({ difference, from }) => (from ? difference.fields.map(({ path }) => ({ origin: from, at: [], path })) : [])),
  );
  let next = 0;
  return found.map(({ difference, from }) =>
    from ? { ...difference, fields: difference.fields.map((field) => ({ ...field, origin: originOf(places[next++])! })) } : difference,
  );
}

function plain({ id, action, differences, desired }: PlannedResource): ObjectDifference | undefined {
  const origin = originOf(desired?.origin);
  switch (action) {
    case 'create':
      return { ...id, change: 'added', fields: [], origin };
    case 'prune':
      return { ...id, change: 'deleted', fields: [], origin };
    case 'configure':
    case 'recreate':
    case 'refused':
      return differences.length ? { ...id, change: 'modified', fields: differences, origin } : undefined;
    default:
      return undefined;
  }
}

const GENERATED_KINDS = new Set(['ConfigMap', 'Secret']);

/** New generated objects, and the old ones whose place they take. */
function generatedPairs(resources: readonly PlannedResource[]): ReadonlyMap<PlannedResource, PlannedResource> {
  const stemOf = ({ id }: PlannedResource): string | undefined => {
    const stem = GENERATED_KINDS.has(id.kind) && id.group === '' ? generatedStem(id.name) : undefined;
    return stem && `${id.kind}/${id.namespace}/${stem}`;
  };
  const old = new Map<string, PlannedResource[]>();
  for (const planned of resources) {
    const stem = planned.action === 'prune' ? stemOf(planned) : undefined;
    if (stem) old.set(stem, [...(old.get(stem) ?? []), planned]);
  }
  const pairs = new Map<PlannedResource, PlannedResource>();
  for (const planned of resources) {
    const stem = planned.action === 'create' ? stemOf(planned) : undefined;
    const other = stem && old.get(stem)?.shift();
    if (other) pairs.set(planned, other);
  }
  return pairs;
}

function generated({ id, desired, predicted }: PlannedResource, { id: was, live }: PlannedResource): ObjectDifference {
  const differences = live && predicted ? fieldDifferences(live, predicted).filter(({ path }) => path !== 'metadata.name') : [];
  return { ...id, change: 'modified', previousName: was.name, fields: differences, origin: originOf(desired?.origin) };
}

/** Each of two objects of one kind that are written alike, one of which comes as the other goes. */
function renamedPairs({ resources, set }: Plan, taken: ReadonlySet<PlannedResource>): ReadonlyMap<PlannedResource, PlannedResource> {
  const remembered = new Map((set.remembered?.objects ?? []).map((object) => [keyOf(object), object]));
  const pairs = new Map<PlannedResource, PlannedResource>();
  const gone = resources.filter((planned) => planned.action === 'prune' && !taken.has(planned));
  for (const planned of resources) {
    if (planned.action !== 'create' || taken.has(planned)) continue;
    const other = gone.find((old) => {
      const object = remembered.get(resourceKey(old.id));
      return (
        !pairs.has(old) &&
        old.id.kind === planned.id.kind &&
        old.id.group === planned.id.group &&
        object &&
        isSameContent(object, planned.desired!.object)
      );
    });
    if (!other) continue;
    pairs.set(planned, other);
    pairs.set(other, planned);
  }
  return pairs;
}

function keyOf({ apiVersion, kind, metadata }: DesiredObject): string {
  return resourceKey({ ...splitApiVersion(apiVersion), kind, namespace: metadata.namespace ?? '', name: metadata.name ?? '' });
}

/** An object without content is like all others of its kind, which says nothing. */
function isSameContent(a: DesiredObject, b: DesiredObject): boolean {
  const content = ({ metadata, ...rest }: DesiredObject) => {
    const { name: _name, namespace: _namespace, labels = {}, ...others } = metadata;
    const { [PART_OF_LABEL]: _own, ...own } = labels;
    return { ...rest, metadata: { ...others, labels: own } };
  };
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...body } = b;
  return Object.keys(body).length > 0 && deepEqual(content(a), content(b));
}

async function described(fields: readonly FieldDifference[]): Promise<DescribedDifference[]> {
  const all: DescribedDifference[] = [];
  for (const field of fields) {
    const detail = await valueDifference(field);
    all.push(detail ? { ...field, detail } : field);
  }
  return all.sort((a, b) => weight(a) - weight(b));
}

/** What runs, how much of it, what it may use; then everything else; then what only describes. */
const WEIGHTS: readonly RegExp[] = [
  /[cC]ontainers\[.+\]\.(?:image|command|args)\b/,
  /^spec\.(?:replicas|type|selector|strategy|updateStrategy|paused|suspend|schedule|min|max)/,
  /\.resources\b|^spec\.hard\b/,
];
const DESCRIPTIVE = /^metadata\.(?:labels|annotations)\b|\.metadata\.annotations\b/;

function weight({ path, detail }: DescribedDifference): number {
  const found = WEIGHTS.findIndex((pattern) => pattern.test(path));
  if (found >= 0) return found;
  if (DESCRIPTIVE.test(path)) return WEIGHTS.length + 2;
  return detail?.is === 'generatedName' ? WEIGHTS.length + 1 : WEIGHTS.length;
}

const PRECIOUS = new Set(['Namespace', 'CustomResourceDefinition', 'PersistentVolume', 'PersistentVolumeClaim', 'StatefulSet']);
const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'Pod', 'ReplicaSet']);

/** What may take data along first, then what goes, then workloads; what is as grave stays in its order. */
export function byImportance(differences: readonly ObjectDifference[]): ObjectDifference[] {
  const rank = ({ change, kind, fields }: ObjectDifference): number => {
    if (change === 'deleted') return PRECIOUS.has(kind) ? 0 : 1;
    if (change === 'modified' && fields.every(({ path }) => DESCRIPTIVE.test(path))) return 5;
    if (WORKLOADS.has(kind)) return change === 'modified' ? 2 : 3;
    return 4;
  };
  return [...differences].sort((a, b) => rank(a) - rank(b));
}

/** The same object, described elsewhere. */
export interface Moved extends ResourceId {
  readonly from: Pick<Origin, 'file' | 'line'>;
  readonly to: Pick<Origin, 'file' | 'line'>;
}

/** Sources of one file each are not told apart by its name. */
export function movedObjects(base: readonly Manifest[], head: readonly Manifest[]): Moved[] {
  const files = (manifests: readonly Manifest[]): number => new Set(manifests.map(({ origin }) => origin.file)).size;
  if (files(base) <= 1 && files(head) <= 1) return [];
  const before = new Map(base.map(({ object, origin }) => [keyOf(object), origin]));
  return head.flatMap(({ object, origin }): Moved[] => {
    const from = before.get(keyOf(object));
    if (!from || from.file === origin.file) return [];
    const { namespace = '', name = '' } = object.metadata;
    const id = { ...splitApiVersion(object.apiVersion), kind: object.kind, namespace, name };
    return [{ ...id, from: originOf(from)!, to: originOf(origin)! }];
  });
}
