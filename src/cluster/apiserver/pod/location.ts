// Which container of a pod is meant. Follows LogLocation and streamLocation of pkg/registry/core/pod/strategy.go.
import type { Pod } from '#api/core/v1';
import { badRequest, notFoundError } from '../../../apimachinery/status-error.ts';
import type { SubresourceServer } from '../generic/resource-definition.ts';

const names = (list: readonly { readonly name: string }[] | undefined): string[] => (list ?? []).map(({ name }) => name);

/** Throws a StatusError where none is named and there are several, or where there is none of the name. */
export function containerOf(pod: Pod, name: string): string {
  const { containers, initContainers, ephemeralContainers } = pod.spec;
  const podName = pod.metadata.name;
  if (name === '') {
    if (containers.length === 1) return containers[0]!.name;
    if (containers.length === 0) throw badRequest(`a container name must be specified for pod ${podName}`);
    const all = [...names(initContainers), ...names(containers), ...names(ephemeralContainers)];
    throw badRequest(`a container name must be specified for pod ${podName}, choose one of: [${all.join(' ')}]`);
  }
  if (![...names(containers), ...names(initContainers), ...names(ephemeralContainers)].includes(name))
    throw badRequest(`container ${name} is not valid for pod ${podName}`);
  return name;
}

/** Throws a StatusError unless the pod's node is there: who asks for a pod is told that a pod of the node's name is missing. */
export async function checkNode({ spec: { nodeName = '' } }: Pod, server: SubresourceServer): Promise<void> {
  const nodes = server.catalog.findResource('', 'nodes');
  if (nodes && !(await server.objects(nodes).find('', nodeName))) throw notFoundError({ group: '', resource: 'pods' }, nodeName);
}
