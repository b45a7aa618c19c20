// Every workload has what its spec asks for, and says so in its status.
import type { DaemonSet, Deployment, StatefulSet } from '#api/apps/v1';
import type { Job } from '#api/batch/v1';
import type { Node, Pod } from '#api/core/v1';
import { isPodActive, isPodReady } from '../../../apimachinery/core/pod.ts';
import { matchesRequiredNodeAffinity } from '../../../apimachinery/core/node-affinity.ts';
import { untoleratedTaint } from '../../../apimachinery/core/taints.ts';
import { controllerOf } from '../../../apimachinery/owner-reference.ts';
import { nameOf, type World } from '../world.ts';
import type { RestInvariant } from './invariant.ts';

export const desiredEqualsLive: RestInvariant = {
  name: 'desired equals live',
  check(world) {
    const pods = byController(world.pods);
    return [
      ...world.deployments.flatMap((deployment) => checkDeployment(deployment, world, pods)),
      ...world.statefulSets.flatMap((set) => checkStatefulSet(set, pods)),
      ...world.daemonSets.flatMap((set) => checkDaemonSet(set, world.nodes, pods)),
      ...world.jobs.flatMap((job) => checkJob(job, pods)),
    ];
  },
};

type PodsByController = ReadonlyMap<string, readonly Pod[]>;

function byController(pods: readonly Pod[]): PodsByController {
  const found = new Map<string, Pod[]>();
  for (const pod of pods) {
    const owner = controllerOf(pod)?.uid;
    if (owner) found.set(owner, [...(found.get(owner) ?? []), pod]);
  }
  return found;
}

const readyOf = (uid: string, pods: PodsByController): readonly Pod[] =>
  (pods.get(uid) ?? []).filter((pod) => isPodActive(pod) && isPodReady(pod));

/** `what: 2 instead of 3`, for each that differs. */
function differences(what: string, rows: readonly (readonly [name: string, is: number, wanted: number])[]): string[] {
  return rows.filter(([, is, wanted]) => is !== wanted).map(([name, is, wanted]) => `${what}: ${name} ${is} instead of ${wanted}`);
}

function checkDeployment(deployment: Deployment, world: World, pods: PodsByController): string[] {
  const { metadata, spec, status = {} } = deployment;
  const wanted = spec?.replicas ?? 1;
  const owned = world.replicaSets.filter((set) => controllerOf(set)?.uid === metadata.uid);
  const ready = owned.reduce((sum, set) => sum + readyOf(set.metadata.uid, pods).length, 0);
  return differences(`Deployment ${nameOf(deployment)}`, [
    ['ready pods', ready, wanted],
    ['ReplicaSets with replicas', owned.filter((set) => (set.spec?.replicas ?? 0) > 0).length, Math.min(wanted, 1)],
    ['observedGeneration', status.observedGeneration ?? 0, metadata.generation ?? 0],
    ['status.replicas', status.replicas ?? 0, wanted],
    ['status.updatedReplicas', status.updatedReplicas ?? 0, wanted],
    ['status.availableReplicas', status.availableReplicas ?? 0, wanted],
  ]);
}

function checkStatefulSet(set: StatefulSet, pods: PodsByController): string[] {
  const { metadata, spec, status } = set;
  const wanted = spec?.replicas ?? 1;
  const ready = readyOf(metadata.uid, pods);
  const names = ready.map((pod) => pod.metadata.name).sort();
  const expected = Array.from({ length: wanted }, (_, i) => `${metadata.name}-${i}`).sort();
  const what = `StatefulSet ${nameOf(set)}`;
  return [
    ...(names.join() === expected.join()
      ? []
      : [`${what}: ready pods ${names.join(', ') || 'none'} instead of ${expected.join(', ') || 'none'}`]),
    ...differences(what, [
      ['observedGeneration', status?.observedGeneration ?? 0, metadata.generation ?? 0],
      ['status.readyReplicas', status?.readyReplicas ?? 0, wanted],
      ['status.updatedReplicas', status?.updatedReplicas ?? 0, wanted],
    ]),
    ...(status?.currentRevision === status?.updateRevision
      ? []
      : [`${what}: revision ${status?.currentRevision} is not yet ${status?.updateRevision}`]),
  ];
}

function checkDaemonSet(set: DaemonSet, nodes: readonly Node[], pods: PodsByController): string[] {
  const { metadata, spec, status } = set;
  const template = spec!.template;
  // its pods tolerate whatever says that a node is not well
  const eligible = nodes.filter((node) => {
    const lasting = {
      ...node,
      spec: { ...node.spec, taints: (node.spec?.taints ?? []).filter(({ key }) => !key.startsWith('node.kubernetes.io/')) },
    };
    return !untoleratedTaint(lasting, template.spec?.tolerations) && matchesRequiredNodeAffinity(template.spec!, node);
  });
  const ready = readyOf(metadata.uid, pods);
  const places = new Set(ready.map((pod) => pod.spec.nodeName));
  return differences(`DaemonSet ${nameOf(set)}`, [
    ['ready pods', ready.length, eligible.length],
    ['nodes with a ready pod', places.size, eligible.length],
    ['status.desiredNumberScheduled', status?.desiredNumberScheduled ?? 0, eligible.length],
    ['status.numberReady', status?.numberReady ?? 0, eligible.length],
    ['status.updatedNumberScheduled', status?.updatedNumberScheduled ?? 0, eligible.length],
  ]);
}

const TRACKING = 'batch.kubernetes.io/job-tracking';

function checkJob(job: Job, pods: PodsByController): string[] {
  const { spec, status = {}, metadata } = job;
  const what = `Job ${nameOf(job)}`;
  const own = pods.get(metadata.uid) ?? [];
  const tracked = own.filter((pod) => pod.metadata.finalizers?.includes(TRACKING)).length;
  const failed = status.conditions?.some(({ type, status: is }) => type === 'Failed' && is === 'True');
  if (failed || spec?.suspend)
    return differences(what, [
      ['status.active', status.active ?? 0, 0],
      ['pods that go on', own.filter(isPodActive).length, 0],
      ['pods not let go', tracked, 0],
    ]);
  return differences(what, [
    ['status.succeeded', status.succeeded ?? 0, spec?.completions ?? 1],
    ['status.active', status.active ?? 0, 0],
    ['pods not let go', tracked, 0],
    [
      'pods not yet counted',
      (status.uncountedTerminatedPods?.succeeded?.length ?? 0) + (status.uncountedTerminatedPods?.failed?.length ?? 0),
      0,
    ],
  ]);
}
