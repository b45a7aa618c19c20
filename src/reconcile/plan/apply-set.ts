// Which live objects belong to an app: the ApplySet of KEP-3659, as `kubectl apply --prune --applyset` keeps it. The parent is a Secret
// of the app's name; its members carry its id in a label. The parent also remembers what was applied, so that drift can be told without
// the source.
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Secret } from '#api/core/v1';
import type { Client } from '../../client/client.ts';
import type { KubernetesObject, Manifest } from '../../apimachinery/object.ts';
import { isNotFound } from '../../apimachinery/status-error.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import type { SourceInfo } from '../source/snapshot.ts';
import { idOf, resourceKey, type ResourceId } from './resource-id.ts';

export const PART_OF_LABEL = 'applyset.kubernetes.io/part-of';
const ID_LABEL = 'applyset.kubernetes.io/id';
const TOOLING = 'applyset.kubernetes.io/tooling';
const GROUP_KINDS = 'applyset.kubernetes.io/contains-group-kinds';
const NAMESPACES = 'applyset.kubernetes.io/additional-namespaces';
const DEFINED_BY = 'jibe.dev/defined-by';
const CASCADE = 'jibe.dev/cascade';
const TOOL = 'jibe/v1';
/** Marks the parents among all Secrets. */
export const APP_LABEL = 'jibe.dev/app';
/** Of what is remembered, unpacked: a cluster is not trusted with our memory. */
const MAX_REMEMBERED_BYTES = 64 * 2 ** 20;

/** What is remembered of the last sync. */
export interface Remembered {
  readonly source: SourceInfo;
  readonly objects: readonly DesiredObject[];
}

export interface ApplySet {
  readonly app: string;
  /** Where the parent lives, and objects go that name no namespace. */
  readonly namespace: string;
  readonly id: string;
  /** Undefined before the first sync. */
  readonly parent: Secret | undefined;
  /** `Deployment.apps`, `Service`: kinds that members may have. */
  readonly groupKinds: readonly string[];
  readonly namespaces: readonly string[];
  readonly remembered: Remembered | undefined;
  /** Of an app that a source defines among others. */
  readonly definedBy: DefinedBy | undefined;
}

export interface DefinedBy {
  /** Which source, told from others of the same name. */
  readonly source: string;
  /** Once the source defines it no longer, its objects are to go with it. */
  readonly cascade: boolean;
}

export const parentName = (app: string): string => `jibe.${app}`;

/** As the KEP reckons it: a hash of the parent's name, namespace and group-kind. */
export function applySetId(app: string, namespace: string): string {
  const hash = createHash('sha256')
    .update(`${parentName(app)}.${namespace}.Secret.`)
    .digest('base64url');
  return `applyset-${hash}-v1`;
}

export async function readApplySet(client: Client, app: string, namespace: string): Promise<ApplySet> {
  const parent = await client.get('v1/Secret', parentName(app), { namespace }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  return applySetOf(app, namespace, parent);
}

function applySetOf(app: string, namespace: string, parent: Secret | undefined): ApplySet {
  const list = (annotation: string): string[] => (parent?.metadata.annotations?.[annotation] ?? '').split(',').filter(Boolean);
  return {
    app,
    namespace,
    id: applySetId(app, namespace),
    parent,
    groupKinds: list(GROUP_KINDS),
    namespaces: list(NAMESPACES),
    remembered: parent && remembered(parent),
    definedBy: definedBy(parent?.metadata.annotations ?? {}),
  };
}

function definedBy(annotations: Readonly<Record<string, string>>): DefinedBy | undefined {
  const source = annotations[DEFINED_BY];
  return source === undefined ? undefined : { source, cascade: annotations[CASCADE] === 'true' };
}

/** All apps that the cluster knows, or those that are kept in a namespace. */
export async function listApplySets(client: Client, namespace?: string): Promise<ApplySet[]> {
  const { items } = await client.list('v1/Secret', { labelSelector: APP_LABEL, ...(namespace ? { namespace } : {}) });
  return items.map((parent) => applySetOf(parent.metadata.labels?.[APP_LABEL] ?? '', parent.metadata.namespace ?? '', parent));
}

function remembered({ data = {} }: Secret): Remembered | undefined {
  const [source, manifests] = [data['source'], data['manifests']];
  if (!source || !manifests) return undefined;
  const json = gunzipSync(Buffer.from(manifests, 'base64'), { maxOutputLength: MAX_REMEMBERED_BYTES });
  return {
    source: JSON.parse(Buffer.from(source, 'base64').toString()) as SourceInfo,
    objects: JSON.parse(json.toString()) as DesiredObject[],
  };
}

/** The parent of a set with these members. */
export function parentManifest(set: ApplySet, members: readonly ResourceId[], memory: Remembered | undefined): Manifest<Secret> {
  const groupKinds = [...new Set(members.map(({ group, kind }) => (group ? `${kind}.${group}` : kind)))].sort();
  const namespaces = [...new Set(members.map(({ namespace }) => namespace))].filter((n) => n !== '' && n !== set.namespace).sort();
  const { type, location, path, revision, dirty } = memory?.source ?? ({} as Partial<SourceInfo>);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: parentName(set.app),
      namespace: set.namespace,
      labels: { [ID_LABEL]: set.id, [APP_LABEL]: set.app },
      annotations: {
        [TOOLING]: TOOL,
        [GROUP_KINDS]: groupKinds.join(','),
        [NAMESPACES]: namespaces.join(','),
        ...(set.definedBy ? { [DEFINED_BY]: set.definedBy.source, [CASCADE]: String(set.definedBy.cascade) } : {}),
      },
    },
    type: 'jibe.dev/app',
    ...(memory
      ? {
          data: {
            source: base64(JSON.stringify({ type, location, path, revision, dirty })),
            // level and header fixed: the same manifests give the same bytes, and no write
            manifests: gzipSync(JSON.stringify(memory.objects), { level: 6 }).toString('base64'),
          },
        }
      : set.parent?.data
        ? { data: set.parent.data }
        : {}),
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Forgets a set that has no members. */
export async function deleteParent(client: Client, { app, namespace }: ApplySet): Promise<void> {
  try {
    await client.delete('v1/Secret', parentName(app), { namespace });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** The set's live objects, of all kinds and namespaces that its parent names. Objects on their way out are left out. */
export async function listMembers(client: Client, set: ApplySet): Promise<KubernetesObject[]> {
  const labelSelector = `${PART_OF_LABEL}=${set.id}`;
  const found = new Map<string, KubernetesObject>();
  for (const groupKind of set.groupKinds) {
    const dot = groupKind.indexOf('.');
    const [kind, group] = dot < 0 ? [groupKind, ''] : [groupKind.slice(0, dot), groupKind.slice(dot + 1)];
    const mapping = await client.resolveGroupKind(group, kind);
    // the kind is gone, and its objects with it
    if (!mapping) continue;
    const scopes = mapping.namespaced ? [...new Set([set.namespace, ...set.namespaces])] : [''];
    for (const namespace of scopes) {
      const { items } = await client.list(`${group ? `${group}/` : ''}${mapping.version}/${kind}`, {
        labelSelector,
        ...(namespace ? { namespace } : {}),
      });
      for (const item of items as readonly KubernetesObject[])
        if (!item.metadata.deletionTimestamp) found.set(resourceKey(idOf(item)), item);
    }
  }
  return [...found.values()];
}
