// Replicas that an autoscaler has set: that they differ from the manifest is what the autoscaler is for, and nobody's drift.
//
// A change of anything else in the object still applies the manifest as it is, replicas included: to the cluster that is one apply like
// any other, and a preview says what it leads to.
import { isObject, type KubernetesObject } from '../../apimachinery/object.ts';
import type { FieldDifference } from './field-difference.ts';

/** As whom the controller of HorizontalPodAutoscalers writes the scale of a workload. */
const AUTOSCALER = 'kube-controller-manager';

/** Whether nothing differs but the number of replicas, and an autoscaler has set that. */
export const isAutoscalersAlone = (live: KubernetesObject, differences: readonly FieldDifference[]): boolean =>
  differences.length === 1 && differences[0]!.path === 'spec.replicas' && isAutoscaled(live);

const isAutoscaled = ({ metadata }: KubernetesObject): boolean =>
  (metadata.managedFields ?? []).some(({ manager, subresource, fieldsV1 }) => {
    if (manager !== AUTOSCALER || subresource !== 'scale' || !isObject(fieldsV1)) return false;
    const spec = fieldsV1['f:spec'];
    return isObject(spec) && 'f:replicas' in spec;
  });
