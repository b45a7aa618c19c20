// No pod goes to a node before it has been found ready: the node lifecycle controller takes the taint away. Follows
// plugin/pkg/admission/nodetaint.
import type { Node } from '#api/core/v1';
import type { DraftOf } from '../generic/define.ts';
import { isAbout, type AdmissionPlugin } from './admission.ts';

const KEY = 'node.kubernetes.io/not-ready';
const EFFECT = 'NoSchedule';

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  operations: ['CREATE'],
  admit(attributes) {
    if (!isAbout(attributes, '', 'nodes')) return;
    const node = attributes.object as unknown as DraftOf<Node>;
    const taints = node.spec?.taints ?? [];
    if (!taints.some(({ key, effect }) => key === KEY && effect === EFFECT))
      node.spec = { ...node.spec, taints: [...taints, { key: KEY, effect: EFFECT }] };
  },
};
