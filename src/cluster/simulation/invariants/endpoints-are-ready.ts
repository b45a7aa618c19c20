// The endpoints of a Service are its ready pods: no other one, and none of them missing.
import { isPodActive, isPodReady } from '../../../apimachinery/core/pod.ts';
import { nameOf } from '../world.ts';
import type { RestInvariant } from './invariant.ts';

export const endpointsAreReady: RestInvariant = {
  name: 'endpoints are the ready pods',
  check(world) {
    const problems: string[] = [];
    for (const service of world.services) {
      const { selector } = service.spec ?? {};
      if (!selector || Object.keys(selector).length === 0) continue;
      const { name, namespace } = service.metadata;
      const expected = new Map(
        world.pods
          .filter((pod) => pod.metadata.namespace === namespace && isPodActive(pod) && isPodReady(pod))
          .filter((pod) => Object.entries(selector).every(([key, value]) => pod.metadata.labels?.[key] === value))
          .map((pod) => [pod.metadata.uid, pod]),
      );
      for (const slice of world.endpointSlices) {
        if (slice.metadata.namespace !== namespace || slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue;
        for (const { addresses, conditions, targetRef } of slice.endpoints ?? []) {
          if (conditions?.ready === false) continue;
          const pod = expected.get(targetRef?.uid ?? '');
          if (!pod) problems.push(`Service ${nameOf(service)}: endpoint ${addresses.join()} (${targetRef?.name}) is no ready pod of it`);
          else if (!addresses.includes(pod.status?.podIP ?? ''))
            problems.push(
              `Service ${nameOf(service)}: endpoint ${addresses.join()} is not where pod ${nameOf(pod)} is (${pod.status?.podIP})`,
            );
          expected.delete(targetRef?.uid ?? '');
        }
      }
      for (const pod of expected.values()) problems.push(`Service ${nameOf(service)}: ready pod ${nameOf(pod)} is no endpoint`);
    }
    return problems;
  },
};
