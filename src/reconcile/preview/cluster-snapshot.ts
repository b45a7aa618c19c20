// A cluster's objects as they live, kept as text: a stream of YAML documents, of which the first says what it is and what was left out.
// Values of Secrets are not in it. Reading a cluster is live-cluster.ts's work, giving the objects to another one world.ts's.
import { LAST_APPLIED } from '../../apimachinery/apply/last-applied.ts';
import { isObject, type JsonObject, type KubernetesObject } from '../../apimachinery/object.ts';
import { splitYaml } from '../../apimachinery/yaml/documents.ts';
import { readYaml } from '../../apimachinery/yaml/read.ts';
import { writeYaml } from '../../apimachinery/yaml/write.ts';
import { kindRank } from '../plan/order.ts';

export interface ClusterSnapshot {
  /** `context:prod`, `embedded:default`. */
  readonly cluster: string;
  /** What others need comes first: by kind, then namespace and name. */
  readonly objects: readonly KubernetesObject[];
  /** What the cluster has and the snapshot does not, in plain words. */
  readonly leftOut: readonly string[];
}

const API_VERSION = 'jibe.dev/v1';
const KIND = 'ClusterSnapshot';
/** What stands in place of a Secret's values: `(masked)` in base64. */
const MASK = 'KG1hc2tlZCk=';

/** Of one cluster always the same: in the order in which objects may be made. */
export function inSnapshotOrder(objects: readonly KubernetesObject[]): KubernetesObject[] {
  const keyed = objects.map((object) => ({ object, key: orderKey(object) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key))).map(({ object }) => object);
}

function orderKey({ apiVersion, kind, metadata: { namespace = '', name } }: KubernetesObject): string {
  const rank = kind === 'Node' ? 0 : kindRank(kind) + 1;
  return [String(rank).padStart(5, '0'), kind, apiVersion, namespace, name].join('\0');
}

/** A Secret with the keys that it has, and none of its values. Other objects are left as they are. */
export function masked(object: KubernetesObject): KubernetesObject {
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1') return object;
  const { data, stringData, metadata, ...rest } = object as KubernetesObject & Record<'data' | 'stringData', JsonObject | undefined>;
  // it holds all of an object once more
  const { [LAST_APPLIED]: _, ...annotations } = metadata.annotations ?? {};
  const keys = Object.keys({ ...data, ...stringData });
  return {
    ...rest,
    metadata: { ...metadata, ...(metadata.annotations ? { annotations } : {}) },
    ...(keys.length ? { data: Object.fromEntries(keys.map((key) => [key, MASK])) } : {}),
  } as KubernetesObject;
}

export function snapshotText({ cluster, objects, leftOut }: ClusterSnapshot): string {
  const head = { apiVersion: API_VERSION, kind: KIND, cluster, leftOut };
  return [head, ...objects].map((document) => writeYaml(document)).join('---\n');
}

/** Whether a text says of itself that it is a snapshot. */
export const isSnapshot = (text: string): boolean =>
  new RegExp(`^kind: ${KIND}$`, 'm').test(splitYaml(text.slice(0, HEAD_CHARACTERS), 1)[0]?.text ?? '');

/** The first document begins with its kind within so many. */
const HEAD_CHARACTERS = 4096;

/** A document that is no object, where it begins. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** Throws a {@link SnapshotError}. */
export async function readSnapshot(text: string): Promise<ClusterSnapshot> {
  const [first, ...documents] = splitYaml(text);
  const head = first && (await valueOf(first));
  if (!isObject(head) || head['apiVersion'] !== API_VERSION || head['kind'] !== KIND)
    throw new SnapshotError(1, `the first document must be a ${KIND} of ${API_VERSION}`);
  const objects: KubernetesObject[] = [];
  for (const document of documents) {
    const value = await valueOf(document);
    if (value === null || value === undefined) continue;
    if (!isLivingObject(value))
      throw new SnapshotError(document.line, 'it is no object of a cluster: those have an apiVersion, a kind, a name and a uid');
    objects.push(masked(value));
  }
  const { cluster, leftOut } = head;
  return {
    cluster: typeof cluster === 'string' ? cluster : '',
    objects: inSnapshotOrder(objects),
    leftOut: Array.isArray(leftOut) ? leftOut.filter((item) => typeof item === 'string') : [],
  };
}

async function valueOf({ text, line }: { readonly text: string; readonly line: number }): Promise<unknown> {
  const read = await readYaml(text);
  if (!read.faults) return read.value;
  const { offset, message } = read.faults[0]!;
  throw new SnapshotError(line + text.slice(0, offset).split('\n').length - 1, message);
}

function isLivingObject(value: unknown): value is KubernetesObject {
  if (!isObject(value) || typeof value['apiVersion'] !== 'string' || typeof value['kind'] !== 'string') return false;
  const { metadata } = value;
  return isObject(metadata) && Boolean(metadata['name']) && typeof metadata['name'] === 'string' && typeof metadata['uid'] === 'string';
}
