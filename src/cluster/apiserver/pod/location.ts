// Which container of a pod is meant. Follows LogLocation and streamLocation of pkg/registry/core/pod/strategy.go.
import type { Pod } from '#api/core/v1';
import { badRequest } from '../../../apimachinery/status-error.ts';

const names = (list: readonly { readonly name: string }[] | undefined): string[] => (list ?? []).map(({ name }) => name);

/** Throws a StatusError where none is named and there are several, or where there is none of the name. */
export function containerOf(pod: Pod, name: string): string {
  const { containers, initContainers, ephemeralContainers } = pod.spec;
  const podName = pod.metadata.name;
  if (name === '') {
    if (containers.length === 1) return containers[0]!.name;
    if (containers.length === 0) throw badRequest(`a container name must be specified for pod ${podName}`);
    const also = (what: string, list: string[]): string => (list.length ? ` or one of the ${what}: [${list.join(' ')}]` : '');
    throw badRequest(
      `a container name must be specified for pod ${podName}, choose one of: [${names(containers).join(' ')}]` +
        also('init containers', names(initContainers)) +
        also('ephemeral containers', names(ephemeralContainers)),
    );
  }
  if (![...names(containers), ...names(initContainers), ...names(ephemeralContainers)].includes(name))
    throw badRequest(`container ${name} is not valid for pod ${podName}`);
  return name;
}
