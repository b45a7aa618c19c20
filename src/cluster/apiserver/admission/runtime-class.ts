// What a pod's RuntimeClass adds to it: the overhead of its sandbox, and the nodes that can run it. Follows
// plugin/pkg/admission/runtimeclass and pkg/util/tolerations.
import type { Pod, Toleration } from '#api/core/v1';
import type { RuntimeClass } from '#api/node/v1';
import { isDeepStrictEqual } from 'node:util';
import { compareQuantities, parseQuantity } from '../../../apimachinery/quantity.ts';
import type { Store } from '../../storage/store.ts';
import type { DraftOf } from '../generic/define.ts';
import { isAbout, refusal, type AdmissionAttributes, type AdmissionPlugin } from './admission.ts';

const CLASSES = '/registry/runtimeclasses/';

export function runtimeClass(store: Store): AdmissionPlugin {
  return {
    name: 'RuntimeClass',
    operations: ['CREATE'],
    async admit(attributes) {
      if (!isAbout(attributes, '', 'pods')) return;
      const found = await classOf(attributes, store);
      if (!found) return;
      setOverhead(attributes, found);
      setScheduling(attributes, found);
    },
    async validate(attributes) {
      if (!isAbout(attributes, '', 'pods')) return;
      const { overhead } = podIn(attributes).spec;
      const podFixed = (await classOf(attributes, store))?.overhead?.podFixed;
      if (podFixed && !sameResources(podFixed, overhead)) throw mismatch(attributes);
      if (!podFixed && overhead)
        throw refusal(attributes, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
    },
  };
}

const podIn = ({ object }: AdmissionAttributes): DraftOf<Pod> => object as unknown as DraftOf<Pod>;

const mismatch = (attributes: AdmissionAttributes): Error =>
  refusal(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");

async function classOf(attributes: AdmissionAttributes, store: Store): Promise<RuntimeClass | undefined> {
  const name = podIn(attributes).spec.runtimeClassName;
  if (name === undefined) return undefined;
  const found = await store.get(CLASSES + name);
  if (!found) throw refusal(attributes, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
  return found.value as unknown as RuntimeClass;
}

function setOverhead(attributes: AdmissionAttributes, { overhead }: RuntimeClass): void {
  if (!overhead) return;
  const pod = podIn(attributes);
  if (pod.spec.overhead && !sameResources(overhead.podFixed ?? {}, pod.spec.overhead)) throw mismatch(attributes);
  if (overhead.podFixed) pod.spec = { ...pod.spec, overhead: overhead.podFixed };
}

function setScheduling(attributes: AdmissionAttributes, { scheduling }: RuntimeClass): void {
  if (!scheduling) return;
  const pod = podIn(attributes);
  const { nodeSelector, tolerations = [] } = pod.spec;
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    const own = nodeSelector?.[key];
    if (own !== undefined && own !== value)
      throw refusal(
        attributes,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
      );
  }
  const selector = { ...nodeSelector, ...scheduling.nodeSelector };
  const merged = mergeTolerations([...tolerations, ...(scheduling.tolerations ?? [])]);
  pod.spec = {
    ...pod.spec,
    ...(Object.keys(selector).length ? { nodeSelector: selector } : {}),
    ...(merged.length ? { tolerations: merged } : {}),
  };
}

/** Without those that another one covers; of equal ones the first stays. */
function mergeTolerations(all: readonly Toleration[]): readonly Toleration[] {
  const merged: Toleration[] = [];
  all.forEach((one, i) => {
    const covered =
      merged.some((other) => isSuperset(other, one)) ||
      all.slice(i + 1).some((other) => !isDeepStrictEqual(one, other) && isSuperset(other, one));
    if (!covered) merged.push(one);
  });
  return merged;
}

function isSuperset(whole: Toleration, part: Toleration): boolean {
  if (isDeepStrictEqual(whole, part)) return true;
  if (part.key !== whole.key && (whole.key || whole.operator !== 'Exists')) return false;
  if (whole.effect && part.effect !== whole.effect) return false;
  const { tolerationSeconds: most } = whole;
  if (whole.effect === 'NoExecute' && most !== undefined && (part.tolerationSeconds === undefined || part.tolerationSeconds > most))
    return false;
  if (whole.operator === 'Exists') return true;
  return part.operator === 'Equal' && (part.value ?? '') === (whole.value ?? '');
}

type Resources = Readonly<Record<string, string>>;

function sameResources(a: Resources, b: Resources | undefined): boolean {
  if (!b || Object.keys(a).length !== Object.keys(b).length) return false;
  return Object.entries(a).every(
    ([name, amount]) => b[name] !== undefined && compareQuantities(parseQuantity(amount), parseQuantity(b[name])) === 0,
  );
}
