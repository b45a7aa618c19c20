// A pod is told of the zone and region of its node: labels of the node go to what binds the pod to it, and to a pod that is made with its
// node. What the pod or the binding says itself stays. Follows plugin/pkg/admission/podtopologylabels.
import type { Binding, Node, Pod } from '#api/core/v1';
import type { Store } from '../../storage/store.ts';
import type { DraftOf } from '../generic/define.ts';
import type { AdmissionPlugin } from './admission.ts';

const LABELS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

export function podTopologyLabels(store: Store): AdmissionPlugin {
  return {
    name: 'PodTopologyLabels',
    operations: ['CREATE'],
    admit({ resource, subresource, object }) {
      if (resource.group !== '' || resource.resource !== 'pods') return undefined;
      if (subresource === '') {
        const pod = object as unknown as DraftOf<Pod>;
        return pod.spec.nodeName ? addLabels(pod, pod.spec.nodeName, store) : undefined;
      }
      if (subresource !== 'binding') return undefined;
      const binding = object as unknown as DraftOf<Binding>;
      const { kind, name } = binding.target ?? {};
      return kind === 'Node' && name ? addLabels(binding, name, store) : undefined;
    },
  };
}

/** A node that is not there has no labels. */
async function addLabels(object: DraftOf<Pod> | DraftOf<Binding>, nodeName: string, store: Store): Promise<void> {
  const node = (await store.get(`/registry/minions/${nodeName}`))?.value as unknown as Node | undefined;
  const labels = node?.metadata.labels ?? {};
  const copied = LABELS.flatMap((label) => (labels[label] === undefined ? [] : [[label, labels[label]] as const]));
  if (copied.length) object.metadata.labels = { ...Object.fromEntries(copied), ...object.metadata.labels };
}
