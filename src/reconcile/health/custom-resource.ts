// Custom resources, by the conventions of kstatus: observedGeneration, and the conditions Ready, Stalled and Reconciling.
import { isObject, type KubernetesObject } from '../../apimachinery/object.ts';
import { conditionsOf, conditionText, findCondition } from './conditions.ts';
import { degraded, healthy, progressing, type Health } from './verdict.ts';

export function customResourceHealth(object: KubernetesObject): Health {
  const { status, metadata } = object;
  const observed = isObject(status) ? status['observedGeneration'] : undefined;
  if (typeof observed === 'number' && observed < (metadata.generation ?? 0))
    return progressing('its controller has not seen the latest change');
  const conditions = conditionsOf(object);
  const [stalled, reconciling, ready] = ['Stalled', 'Reconciling', 'Ready'].map((type) => findCondition(conditions, type));
  if (stalled?.status === 'True') return degraded(conditionText(stalled));
  if (reconciling?.status === 'True') return progressing(conditionText(reconciling));
  if (ready?.status === 'False') return progressing(conditionText(ready));
  if (ready?.status === 'Unknown') return progressing(conditionText(ready));
  return healthy(ready?.message ?? '');
}
