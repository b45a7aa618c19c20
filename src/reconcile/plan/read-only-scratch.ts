// Where a plan is tried out by those who may only read: what it touches is read from the cluster, taken over into a fork, and applied
// there. What webhooks and policies of the cluster would do to it does not show. The fork is given: who makes it knows what it is.
import type { Client } from '../../client/client.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { isForbidden } from '../../apimachinery/status-error.ts';
import { asStored } from './desired.ts';
import { kindOf, resourceKey, type ResourceId } from './resource-id.ts';
import { Permissions } from './permissions.ts';
import { copyScratch, dryRunScratch, find, type Scratch } from './scratch.ts';

/**
 * Asks the server itself for dry runs, of the kinds and in the namespaces where the user may write; else what is read must do.
 *
 * @param fork makes one, once it is needed
 */
export function permittedScratch(client: Client, fork: () => Promise<Fork>): Scratch {
  const permissions = new Permissions(client);
  const dry = dryRunScratch(client);
  let read: Promise<Scratch> | undefined;
  const of = async ({ group, version, kind, namespace }: ResourceId): Promise<Scratch> => {
    const resource = (await client.resolve(kindOf({ group, version, kind })))?.resource;
    if (resource === undefined || (await permissions.may({ verb: 'patch', group, resource, namespace }))) return dry;
    return (read ??= fork().then((made) => readOnlyScratch(client, made)));
  };
  return {
    apart: true,
    get: async (id) => (await of(id)).get(id),
    apply: async (desired, live) => (await of(desired.id)).apply(desired, live),
    recreate: async (desired) => (await of(desired.id)).recreate(desired),
  };
}

/** A copy of a cluster that holds what was taken over from there. */
export interface Fork {
  readonly client: Client;
  /** Takes an object over as it is. Resolves with whether it could be. */
  adopt(object: KubernetesObject): Promise<boolean>;
}

const NAMESPACE = { group: '', version: 'v1', kind: 'Namespace', namespace: '' };

/** One who has rights in a namespace alone cannot read the namespace itself; that it is there is likely. */
const assumedNamespace = (name: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name,
    uid: '',
    resourceVersion: '',
    creationTimestamp: '1970-01-01T00:00:00Z',
    labels: { 'kubernetes.io/metadata.name': name },
  },
  spec: { finalizers: ['kubernetes'] },
  status: { phase: 'Active' },
});

const ifForbidden =
  <T>(instead: () => T) =>
  (error: unknown): T => {
    if (isForbidden(error)) return instead();
    throw error;
  };

/** @param client of the cluster itself, which is only read */
export function readOnlyScratch(client: Client, fork: Fork): Scratch {
  const copy = copyScratch(fork.client);
  const taken = new Map<string, Promise<void>>();
  /** Objects that could not be taken over: of kinds of servers behind the aggregation layer, or with fields of another form. */
  const strange = new Set<string>();
  const known = async (id: ResourceId): Promise<boolean> =>
    (await fork.client.resolve(kindOf(id))) !== undefined && !strange.has(resourceKey(id));

  /** An object, once, after what must be there for it: its namespace, and the definition of its kind. */
  function take(id: ResourceId): Promise<void> {
    const key = resourceKey(id);
    let taking = taken.get(key);
    if (!taking) taken.set(key, (taking = takeNow(id)));
    return taking;
  }

  async function takeNow(id: ResourceId): Promise<void> {
    if (id.namespace)
      await take({ ...NAMESPACE, name: id.namespace }).catch(
        ifForbidden(async () => void (await fork.adopt(assumedNamespace(id.namespace)))),
      );
    if (!(await known(id))) await takeDefinition(id).catch(ifForbidden(() => undefined));
    const found = (await client.resolve(kindOf(id))) && (await find(client, id));
    if (found && !(await fork.adopt(found))) strange.add(resourceKey(id));
  }

  async function takeDefinition(id: ResourceId): Promise<void> {
    const resource = (await client.resolve(kindOf(id)))?.resource;
    if (resource === undefined) return;
    const kind = { group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition', namespace: '' };
    await take({ ...kind, name: `${resource}.${id.group}` });
  }

  return {
    async get(id) {
      await take(id);
      return (await known(id)) ? copy.get(id) : find(client, id);
    },
    async apply(desired, live) {
      await take(desired.id);
      if (await known(desired.id)) return copy.apply(desired, live);
      // nobody here knows its defaults
      const { object } = desired;
      return live ? { ...live, ...object, metadata: { ...live.metadata, ...object.metadata } } : asStored(object);
    },
    recreate: (desired) => copy.recreate(desired),
  };
}
