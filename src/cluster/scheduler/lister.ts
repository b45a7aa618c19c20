// What the scheduler's plugins look up besides nodes and pods, read from informers.
import type { Pod } from '#api/core/v1';
import { LabelSelector, type Requirement } from '../../apimachinery/label-selector.ts';
import { deepEqual } from '../../apimachinery/object.ts';
import { controllerOf } from '../../apimachinery/owner-reference.ts';
import type { Informers } from '../../client/informer.ts';
import type { Lister } from './framework.ts';

export function informerLister(informers: Informers): Lister {
  const claims = informers.of('v1/PersistentVolumeClaim');
  const volumes = informers.of('v1/PersistentVolume');
  const classes = informers.of('storage.k8s.io/v1/StorageClass');
  const csiNodes = informers.of('storage.k8s.io/v1/CSINode');
  const namespaces = informers.of('v1/Namespace');
  let namespacesVersion = 0;
  namespaces.addHandler({
    added: () => namespacesVersion++,
    updated({ metadata }, old) {
      if (!deepEqual(metadata.labels, old.metadata.labels)) namespacesVersion++;
    },
    deleted: () => namespacesVersion++,
  });
  return {
    claim: (namespace, name) => claims.get(namespace, name),
    volume: (name) => volumes.get('', name),
    volumes: () => volumes.list(),
    storageClass: (name) => classes.get('', name),
    csiNode: (name) => csiNodes.get('', name),
    namespaceLabels: (name) => namespaces.get('', name)?.metadata.labels,
    get namespacesVersion() {
      return namespacesVersion;
    },
    ownSelector: ownSelectors(informers),
  };
}

/** All that the pod's Services, and its ReplicaSet, StatefulSet or ReplicationController select, taken together. */
function ownSelectors(informers: Informers): (pod: Pod) => LabelSelector | undefined {
  const services = informers.of('v1/Service');
  const replicaSets = informers.of('apps/v1/ReplicaSet');
  const statefulSets = informers.of('apps/v1/StatefulSet');
  const replicationControllers = informers.of('v1/ReplicationController');
  const known = new Map<string, LabelSelector>();
  return (pod) => {
    const { namespace = '', labels } = pod.metadata;
    const requirements: Requirement[] = [];
    for (const { spec } of services.list(namespace)) {
      const selector = spec?.selector && Object.keys(spec.selector).length ? LabelSelector.fromSet(spec.selector) : undefined;
      if (selector?.matches(labels)) requirements.push(...selector.requirements);
    }
    const owner = controllerOf(pod);
    if (owner?.kind === 'ReplicaSet') requirements.push(...fromSpec(replicaSets.get(namespace, owner.name)?.spec.selector));
    else if (owner?.kind === 'StatefulSet') requirements.push(...fromSpec(statefulSets.get(namespace, owner.name)?.spec.selector));
    else if (owner?.kind === 'ReplicationController')
      requirements.push(...LabelSelector.fromSet(replicationControllers.get(namespace, owner.name)?.spec.selector).requirements);
    if (requirements.length === 0) return undefined;
    // equal ones are one object, so that counts by selector are found again
    const text = requirements.map(({ key, operator, values }) => `${key} ${operator} ${values.join(',')}`).join(';');
    let selector = known.get(text);
    if (!selector) {
      selector = LabelSelector.fromRequirements(requirements);
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(text, selector);
    }
    return selector;
  };
}

const MAX_KNOWN = 1024;

const fromSpec = (spec: Parameters<typeof LabelSelector.fromSpec>[0]): readonly Requirement[] =>
  spec ? LabelSelector.fromSpec(spec).requirements : [];
