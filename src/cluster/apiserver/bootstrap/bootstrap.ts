// What a fresh API server puts into its store before it answers anyone. The objects are written as they would be after defaulting, not
// through the request pipeline: a cluster starts in milliseconds, and hundreds of them are made by previews and tests.
// DEVIATION: they have no managedFields.
import type { Clock } from '../../../apimachinery/clock.ts';
import type { KubernetesObject, Manifest } from '../../../apimachinery/object.ts';
import type { Random } from '../../../apimachinery/random.ts';
import { formatTime } from '../../../apimachinery/time.ts';
import type { Entry, Store } from '../../storage/store.ts';
import { withRevision } from '../generic/object-store.ts';
import { apiServices } from './api-services.ts';
import { flowSchemas, priorityLevels } from './flow-control.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './rbac-policy.ts';
import { RBAC_FOLDERS, reconciled } from './reconcile-rbac.ts';
import {
  bootstrapNamespaces,
  bootstrapPriorityClasses,
  defaultServiceAccount,
  defaultServiceCIDR,
  defaultStorageClass,
  extensionAuthentication,
  kubernetesEndpoints,
  kubernetesEndpointSlice,
  kubernetesService,
  kubernetesServiceAddress,
} from './system-objects.ts';

export interface BootstrapParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

type Found = readonly (readonly [folder: string, objects: readonly Manifest<KubernetesObject>[]])[];

/** Nothing in it depends on the cluster: made once a process, and shared as stored objects are. */
let timeless: Found | undefined;

const timelessObjects = (): Found => [
  ['namespaces', bootstrapNamespaces()],
  ['priorityclasses', bootstrapPriorityClasses()],
  ['clusterroles', clusterRoles()],
  ['clusterrolebindings', clusterRoleBindings()],
  ['roles', roles()],
  ['rolebindings', roleBindings()],
  ['prioritylevelconfigurations', priorityLevels()],
  ['services/specs', [kubernetesService()]],
  ['services/endpoints', [kubernetesEndpoints()]],
  ['endpointslices', [kubernetesEndpointSlice()]],
  ['ipaddresses', [kubernetesServiceAddress()]],
];

/** Where the store has them, and what is there from the start. */
const systemObjects = (now: number): Found => [
  ...(timeless ??= timelessObjects()),
  ['flowschemas', flowSchemas(now)],
  ['apiregistration.k8s.io/apiservices', apiServices(now)],
  ['servicecidrs', [defaultServiceCIDR(now)]],
];

/** Makes what is missing. Of what is there, roles and bindings get back what was taken out of them; the rest stays as it is. */
export async function bootstrap({ store, clock, random }: BootstrapParts): Promise<void> {
  const now = clock.now();
  const creationTimestamp = formatTime(now);
  const uids = random.fork();
  const writes: Promise<unknown>[] = [];
  for (const [folder, objects] of systemObjects(now)) {
    for (const object of objects) {
      const stored = fresh(object, uids.uuid(), creationTimestamp);
      const made = store.create(keyOf(folder, object), (revision) => withRevision(stored, revision));
      const checked = RBAC_FOLDERS.includes(folder);
      writes.push(checked ? made.then((result) => (result.ok ? undefined : reconcile(store, result.current, object, stored))) : made);
    }
  }
  await Promise.all(writes);
}

const keyOf = (folder: string, { metadata: { namespace, name } }: Manifest<KubernetesObject>): string =>
  namespace ? `/registry/${folder}/${namespace}/${name}` : `/registry/${folder}/${name}`;

/** As it is to be stored: metadata in the order in which Go has them; the store fills in the version. */
function fresh(object: Manifest<KubernetesObject>, uid: string, creationTimestamp: string): KubernetesObject {
  const { namespace, name, ...rest } = object.metadata;
  const metadata = { name, ...(namespace ? { namespace } : {}), uid, resourceVersion: '', creationTimestamp, ...rest };
  return { ...object, metadata } as unknown as KubernetesObject;
}

/** Where it is not there yet. */
async function make({ store, clock, random }: BootstrapParts, folder: string, object: Manifest<KubernetesObject>): Promise<void> {
  const stored = fresh(object, random.uuid(), formatTime(clock.now()));
  await store.create(keyOf(folder, object), (revision) => withRevision(stored, revision));
}

/** By what servers of aggregated APIs know the API server, and the clients whose certificates they may trust. @param clientCA PEM */
export const bootstrapExtensionAuthentication = (parts: BootstrapParts, clientCA: string, requestHeaderCA: string): Promise<void> =>
  make(parts, 'configmaps', extensionAuthentication(clientCA, requestHeaderCA));

/** Nobody else writes yet. */
async function reconcile(
  store: Store,
  entry: Entry | undefined,
  wanted: Manifest<KubernetesObject>,
  fresh: KubernetesObject,
): Promise<void> {
  const next = entry && reconciled(entry.value, wanted);
  if (!next) return;
  if (next !== 'recreate') {
    await store.update(entry.key, entry.modRevision, (revision) => withRevision(next, revision));
    return;
  }
  await store.delete(entry.key, entry.modRevision, (revision) => withRevision(entry.value, revision));
  await store.create(entry.key, (revision) => withRevision(fresh, revision));
}

/** What clusters with controllers are given besides, once: it is not made again when somebody took it away. */
export async function bootstrapAddons(parts: BootstrapParts): Promise<void> {
  await Promise.all([make(parts, 'storageclasses', defaultStorageClass()), make(parts, 'serviceaccounts', defaultServiceAccount())]);
}
