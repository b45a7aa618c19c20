// A pod stays on a node that is gone for five minutes, unless it says otherwise. Follows plugin/pkg/admission/defaulttolerationseconds.
import type { Pod, Toleration } from '#api/core/v1';
import type { DraftOf } from '../generic/define.ts';
import { isAbout, type AdmissionAttributes, type AdmissionPlugin } from './admission.ts';

const SECONDS = 300;
const TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  operations: ['CREATE', 'UPDATE'],
  admit(attributes) {
    if (isAbout(attributes, '', 'pods')) addTolerations(attributes);
  },
};

function addTolerations({ object }: AdmissionAttributes): void {
  const pod = object as unknown as DraftOf<Pod>;
  const tolerations = pod.spec.tolerations ?? [];
  const tolerates = (taint: string): boolean =>
    tolerations.some(({ key, effect }) => (key === taint || !key) && (effect === 'NoExecute' || !effect));
  const missing = TAINTS.filter((taint) => !tolerates(taint));
  if (missing.length === 0) return;
  const added = missing.map((key): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS }));
  pod.spec = { ...pod.spec, tolerations: [...tolerations, ...added] };
}
