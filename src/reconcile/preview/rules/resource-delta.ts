// How much more or less workloads ask for, and may use at most: by namespace, and altogether. Of a workload each pod counts that it wants,
// whether it is there or not; what runs to an end is not counted.
import type { Pod } from '#api/core/v1';
import { addAmounts, podAmounts, type Amounts } from '../../../apimachinery/core/pod-resources.ts';
import { addQuantities, isZeroQuantity, subtractQuantities, quantityOf, type Quantity } from '../../../apimachinery/quantity.ts';
import type { Finding } from '../consequence.ts';
import type { Rule } from '../evidence.ts';
import type { Snapshot } from '../snapshot.ts';
import { keepsRunning, type Workload } from '../workloads.ts';

const WHICH = ['requests', 'limits'] as const;
type Which = (typeof WHICH)[number];

type ByNamespace = Map<string, Record<Which, Map<string, Quantity>>>;

export const resourceDelta: Rule = ({ before, after, workloads }) => {
  const [was, is] = [sums(before, workloads.before), sums(after, workloads.after)];
  const namespaces = [...new Set([...was.keys(), ...is.keys()])].filter(Boolean).sort();
  const told = namespaces.flatMap((namespace) => delta(namespace, was.get(namespace), is.get(namespace)));
  return told.length > 1 ? [...told, ...delta('', was.get(''), is.get(''))] : told;
};

/** The sum of all stands under the empty name. */
function sums(snapshot: Snapshot, workloads: ReadonlyMap<string, Workload>): ByNamespace {
  const found: ByNamespace = new Map();
  for (const workload of workloads.values()) {
    if (!keepsRunning(workload) || workload.desired === 0) continue;
    const pod = typicalPod(snapshot, workload);
    for (const namespace of [workload.id.namespace, '']) {
      const sum = found.get(namespace) ?? { requests: new Map(), limits: new Map() };
      found.set(namespace, sum);
      for (const which of WHICH) addAmounts(sum[which], times(podAmounts(pod, which), workload.desired));
    }
  }
  return found;
}

/** Its newest pod, which has what defaults added; or as its template has it. */
function typicalPod(snapshot: Snapshot, { uid, template }: Workload): Pick<Pod, 'spec'> {
  const own = snapshot.podsOf(uid).filter((pod) => !pod.metadata.deletionTimestamp);
  const [newest] = [...own].sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1));
  return (newest ?? template) as Pick<Pod, 'spec'>;
}

const times = (amounts: Amounts, n: number): Amounts =>
  new Map([...amounts].map(([name, amount]) => [name, { ...amount, unscaled: amount.unscaled * BigInt(n) }]));

function delta(namespace: string, was: Record<Which, Amounts> | undefined, is: Record<Which, Amounts> | undefined): Finding[] {
  const changes = WHICH.flatMap((which) => {
    const [from, to] = [was?.[which] ?? new Map<string, Quantity>(), is?.[which] ?? new Map<string, Quantity>()];
    return [...new Set([...from.keys(), ...to.keys()])].sort().flatMap((resource) => {
      const [a, b] = [from.get(resource) ?? quantityOf(0), to.get(resource) ?? quantityOf(0)];
      const difference = subtractQuantities(b, a);
      if (isZeroQuantity(difference)) return [];
      const sign = difference.unscaled > 0n ? '+' : '';
      return [`${which} ${resource} ${sign}${text(difference)} (${text(a)} → ${text(b)})`];
    });
  });
  if (changes.length === 0) return [];
  return [
    {
      severity: 'info',
      type: 'ResourceDelta',
      reason: namespace ? 'Namespace' : 'Total',
      object: { group: '', version: 'v1', kind: 'Namespace', namespace: '', name: namespace },
      message: `${namespace ? `namespace ${namespace}` : 'all namespaces together'}: ${changes.join(', ')}`,
    },
  ];
}

const text = (amount: Quantity): string => addQuantities(amount, { ...amount, unscaled: 0n }).text;
