// What all containers of a pod need together: sidecars run beside everything after them, other init containers one by one before.
// Follows k8s.io/component-helpers/resource.
import type { Container, PodSpec } from '#api/core/v1';
import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../../../apimachinery/quantity.ts';

type Spec = Pick<PodSpec, 'containers' | 'initContainers'>;
type Needs = Record<string, Quantity>;

export const isHugePages = (name: string): boolean => name.startsWith('hugepages-');

/** Resources that a pod as a whole may request. */
export const isPodLevelResource = (name: string): boolean => name === 'cpu' || name === 'memory' || isHugePages(name);

export const aggregateContainerRequests = (spec: Spec): Record<string, string> =>
  texts(aggregate(spec, (c) => (c.resources?.requests ?? {}) as Record<string, string>));

export const aggregateContainerLimits = (spec: Spec): Record<string, string> =>
  texts(aggregate(spec, (c) => (c.resources?.limits ?? {}) as Record<string, string>));

function aggregate(spec: Spec, of: (container: Container) => Record<string, string>): Needs {
  const needs: Needs = {};
  for (const container of spec.containers ?? []) add(needs, of(container));
  const sidecars: Needs = {};
  const init: Needs = {};
  for (const container of spec.initContainers ?? []) {
    const own = of(container);
    if (container.restartPolicy === 'Always') {
      add(needs, own);
      add(sidecars, own);
      raise(init, sidecars);
    } else {
      const together = { ...sidecars };
      add(together, own);
      raise(init, together);
    }
  }
  raise(needs, init);
  return needs;
}

function add(needs: Needs, list: Record<string, string>): void {
  for (const name in list) {
    const quantity = parseQuantity(list[name]!);
    needs[name] = needs[name] ? addQuantities(needs[name], quantity) : quantity;
  }
}

function raise(needs: Needs, other: Needs): void {
  for (const name in other) if (!needs[name] || compareQuantities(other[name]!, needs[name]) > 0) needs[name] = other[name]!;
}

const texts = (needs: Needs): Record<string, string> => Object.fromEntries(Object.entries(needs).map(([name, q]) => [name, q.text]));
