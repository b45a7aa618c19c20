// The number that a pod's PriorityClass stands for; and that there is one default class at most. Follows plugin/pkg/admission/priority.
import type { Pod } from '#api/core/v1';
import type { PriorityClass } from '#api/scheduling/v1';
import type { Store } from '../../storage/store.ts';
import type { DraftOf } from '../generic/define.ts';
import { isAbout, listAll, refusal, type AdmissionAttributes, type AdmissionPlugin } from './admission.ts';

const CLASSES = '/registry/priorityclasses/';
const GIVEN = 'priority admission controller computed';

export function priority(store: Store): AdmissionPlugin {
  return {
    name: 'Priority',
    operations: ['CREATE', 'UPDATE'],
    admit(attributes) {
      if (!isAbout(attributes, '', 'pods')) return;
      if (attributes.operation === 'CREATE') return resolve(attributes, store);
      keep(attributes);
    },
    validate(attributes) {
      if (isAbout(attributes, 'scheduling.k8s.io', 'priorityclasses')) return checkDefault(attributes, store);
    },
  };
}

async function resolve(attributes: AdmissionAttributes, store: Store): Promise<void> {
  const pod = attributes.object as unknown as DraftOf<Pod>;
  const { priorityClassName = '', priority: given, preemptionPolicy: givenPolicy } = pod.spec;
  const found = priorityClassName ? await classNamed(priorityClassName, store) : await defaultClass(store);
  if (priorityClassName && !found) throw refusal(attributes, `no PriorityClass with name ${priorityClassName} was found`);
  const value = found?.value ?? 0;
  const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority';
  const from = 'from the given PriorityClass name';
  if (given !== undefined && given !== value)
    throw refusal(attributes, `the integer value of priority (${given}) must not be provided in pod spec; ${GIVEN} ${value} ${from}`);
  if (givenPolicy !== undefined && givenPolicy !== policy)
    throw refusal(
      attributes,
      `the string value of PreemptionPolicy (${givenPolicy}) must not be provided in pod spec; ${GIVEN} ${policy} ${from}`,
    );
  const name = found?.metadata.name;
  pod.spec = { ...pod.spec, ...(name ? { priorityClassName: name } : {}), priority: value, preemptionPolicy: policy };
}

async function classNamed(name: string, store: Store): Promise<PriorityClass | undefined> {
  return (await store.get(CLASSES + name))?.value as unknown as PriorityClass | undefined;
}

/** Should there be several, the lowest counts. */
async function defaultClass(store: Store): Promise<PriorityClass | undefined> {
  let lowest: PriorityClass | undefined;
  for (const one of await listAll<PriorityClass>(store, CLASSES))
    if (one.globalDefault && (!lowest || one.value < lowest.value)) lowest = one;
  return lowest;
}

/** Who does not know of the fields does not take them away. */
function keep({ object, old }: AdmissionAttributes): void {
  const pod = object as unknown as DraftOf<Pod>;
  const before = (old as unknown as Pod).spec;
  const { priority: value = before.priority, preemptionPolicy = before.preemptionPolicy } = pod.spec;
  if (value === pod.spec.priority && preemptionPolicy === pod.spec.preemptionPolicy) return;
  pod.spec = {
    ...pod.spec,
    ...(value === undefined ? {} : { priority: value }),
    ...(preemptionPolicy === undefined ? {} : { preemptionPolicy }),
  };
}

async function checkDefault(attributes: AdmissionAttributes, store: Store): Promise<void> {
  const one = attributes.object as unknown as PriorityClass;
  if (!one.globalDefault) return;
  const other = await defaultClass(store);
  if (other && (attributes.operation === 'CREATE' || other.metadata.name !== one.metadata.name))
    throw refusal(attributes, `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`);
}
