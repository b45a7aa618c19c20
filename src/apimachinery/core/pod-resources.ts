// What a pod asks for altogether: its containers at the same time, or its init containers one after the other, whichever is more.
// Follows k8s.io/component-helpers/resource.
import type { Container, Pod, PodSpec } from '#api/core/v1';
import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../quantity.ts';

export type Amounts = ReadonlyMap<string, Quantity>;

type Written = Readonly<Record<string, string | number>> | undefined;

export function amountsOf(list: Written): Map<string, Quantity> {
  return new Map(Object.entries(list ?? {}).map(([name, amount]) => [name, parseQuantity(String(amount))]));
}

export function addAmounts(to: Map<string, Quantity>, more: Amounts): void {
  for (const [name, amount] of more) {
    const known = to.get(name);
    to.set(name, known ? addQuantities(known, amount) : amount);
  }
}

function raiseTo(to: Map<string, Quantity>, least: Amounts): void {
  for (const [name, amount] of least) {
    const known = to.get(name);
    if (!known || compareQuantities(known, amount) < 0) to.set(name, amount);
  }
}

/** @param which of the two is summed up */
export function podAmounts({ spec }: Pick<Pod, 'spec'>, which: 'requests' | 'limits'): Amounts {
  const of = (container: Container): Amounts => amountsOf(container.resources?.[which] as Written);
  const total = new Map<string, Quantity>();
  for (const container of spec.containers) addAmounts(total, of(container));
  const sidecars = new Map<string, Quantity>();
  const initial = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    const own = new Map(of(container));
    if (container.restartPolicy === 'Always') {
      addAmounts(total, own);
      addAmounts(sidecars, own);
      raiseTo(initial, sidecars);
    } else {
      // it runs beside the sidecars that were started before it
      addAmounts(own, sidecars);
      raiseTo(initial, own);
    }
  }
  raiseTo(total, initial);
  for (const [name, amount] of podLevel(spec, which)) total.set(name, amount);
  addAmounts(total, overhead(spec, which, total));
  return total;
}

/** What is said of the pod as a whole takes the place of what its containers say. */
const podLevel = (spec: PodSpec, which: 'requests' | 'limits'): Amounts => amountsOf(spec.resources?.[which] as Written);

/** Limits without which there is none need no overhead either. */
function overhead({ overhead: given }: PodSpec, which: 'requests' | 'limits', total: Amounts): Amounts {
  const all = amountsOf(given as Written);
  return which === 'requests' ? all : new Map([...all].filter(([name]) => total.has(name)));
}
