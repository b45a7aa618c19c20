// The behaviour documents that come with the simulation: realistic by default, and one in which everything happens at once.
import { KUBELET_TRAITS, KWOK_TRAITS, type KubeletTraits } from '../../traits.ts';
import type { BehaviourDocument } from './behaviour.ts';

/** Images take a second to pull once on each node, containers half a second to start; what is unknown of a Job is done in a second. */
export const REALISTIC: BehaviourDocument = {
  rules: [{ when: { owner: 'Job' }, then: { exit: { code: 0, after: '1s' } } }],
};

/**
 * Everything at once: a pod on a node is Running and Ready, a Job's pod then succeeds, a deleted pod is gone. Annotations hold it back or
 * send it elsewhere: `sim/pending`, `sim/unready`, `sim/run` (a Job's pod keeps running), `sim/exit: N`, `sim/linger`.
 */
export const AT_ONCE: BehaviourDocument = {
  kubelet: 'kwok',
  commands: false,
  rules: [
    { then: { pull: { duration: '0s' }, start: '0s', ready: '0s', exit: 'never', stop: { after: '0s', code: 137 } } },
    { when: { owner: 'Job' }, then: { exit: { code: 0 } } },
    { when: { annotations: { 'sim/run': true } }, then: { exit: 'never' } },
    { when: { annotations: { 'sim/unready': true } }, then: { ready: 'never', exit: 'never' } },
    { when: { annotations: { 'sim/exit': true } }, then: { exit: { codeFrom: 'sim/exit' }, restartPolicy: 'Never' } },
    { when: { annotations: { 'sim/pending': true } }, then: { pending: true } },
    { when: { annotations: { 'sim/linger': true } }, then: { linger: true } },
  ],
};

export function traitsOf({ stages = [], kubelet = stages.length > 0 ? 'kwok' : 'full' }: BehaviourDocument): KubeletTraits {
  if (kubelet === 'full') return KUBELET_TRAITS;
  if (kubelet === 'kwok') return KWOK_TRAITS;
  const { like = 'full', ...own } = kubelet;
  return { ...(like === 'kwok' ? KWOK_TRAITS : KUBELET_TRAITS), ...own };
}
