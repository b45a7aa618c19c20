// Where Stages tell how pods live, one comes for whatever is to go on: without it a pod stays as it is for good, on this cluster as on kwok's.
import type { Pod } from '#api/core/v1';
import { isPodReady, isPodTerminal } from '../../../apimachinery/core/pod.ts';
import { controllerOf } from '../../../apimachinery/owner-reference.ts';
import { livesByStages, nameOf } from '../world.ts';
import type { RestInvariant } from './invariant.ts';

interface Lack {
  readonly problem: string;
  isOf(pod: Pod): boolean;
}

/** The first that is a pod's counts. */
const LACKS: readonly Lack[] = [
  {
    problem:
      "no Stage takes away pods that are being deleted (kwok's is pod-delete: `.metadata.deletionTimestamp` exists, `next: {delete: true}`)",
    isOf: ({ metadata }) => metadata.deletionTimestamp !== undefined,
  },
  { problem: "no Stage comes for pods that are Pending (kwok's is pod-ready)", isOf: ({ status }) => status?.phase === 'Pending' },
  {
    problem: "no Stage ends the pods of Jobs (kwok's is pod-complete: it makes `status.phase` Succeeded)",
    isOf: (pod) => controllerOf(pod)?.kind === 'Job' && !isPodTerminal(pod),
  },
  {
    problem: 'no Stage makes pods ready again whose node was away (kwok has none; docs/simulation.md shows one)',
    isOf: (pod) => !isPodTerminal(pod) && !isPodReady(pod),
  },
];

export const stagesSuffice: RestInvariant = {
  name: 'Stages go on',
  check(world) {
    const { stages, pods } = world;
    if (!stages) return [];
    const stuck = pods.filter((pod) => pod.spec.nodeName && livesByStages(pod, world) && !stages.comes('Pod', pod));
    return LACKS.flatMap(({ problem, isOf }, i) => {
      const left = stuck.filter((pod) => isOf(pod) && !LACKS.slice(0, i).some((lack) => lack.isOf(pod)));
      if (left.length === 0) return [];
      return [`${problem}: ${nameOf(left[0]!)}${left.length > 1 ? ` and ${left.length - 1} more` : ''}`];
    });
  },
};
