// Whatever is owned has its owner, whatever is bound has its node, whatever runs is known, and no two pods share an address.
import { isPodTerminal } from '../../../apimachinery/core/pod.ts';
import { livesByStages, nameOf, type World } from '../world.ts';
import type { RestInvariant } from './invariant.ts';

export const noOrphans: RestInvariant = {
  name: 'no orphans',
  check: (world) => [...withoutOwner(world), ...withoutNode(world), ...runningUnknown(world), ...notRunning(world)],
};

export const addressesDiffer: RestInvariant = {
  name: 'no two pods have one address',
  check(world) {
    const taken = new Map<string, string>();
    const problems: string[] = [];
    for (const pod of world.pods) {
      if (isPodTerminal(pod) || pod.spec.hostNetwork || !pod.status?.podIP) continue;
      const other = taken.get(pod.status.podIP);
      if (other) problems.push(`pods ${other} and ${nameOf(pod)} both have ${pod.status.podIP}`);
      taken.set(pod.status.podIP, nameOf(pod));
    }
    return problems;
  },
};

function* owned(world: World) {
  for (const pod of world.pods) yield { kind: 'Pod', object: pod };
  for (const set of world.replicaSets) yield { kind: 'ReplicaSet', object: set };
  for (const job of world.jobs) yield { kind: 'Job', object: job };
  for (const slice of world.endpointSlices) yield { kind: 'EndpointSlice', object: slice };
}

const KNOWN: ReadonlySet<string> = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'Service']);

function withoutOwner(world: World): string[] {
  const { deployments, replicaSets, statefulSets, daemonSets, jobs, cronJobs, services } = world;
  const owners = new Set(
    [deployments, replicaSets, statefulSets, daemonSets, jobs, cronJobs, services].flat().map(({ metadata }) => metadata.uid),
  );
  const problems: string[] = [];
  for (const { kind, object } of owned(world)) {
    const gone = (object.metadata.ownerReferences ?? []).filter((owner) => KNOWN.has(owner.kind) && !owners.has(owner.uid));
    for (const owner of gone) problems.push(`${kind} ${nameOf(object)} belongs to ${owner.kind} ${owner.name}, which is no more`);
  }
  return problems;
}

function withoutNode({ nodes, pods }: World): string[] {
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  return pods
    .filter(({ spec }) => spec.nodeName && !names.has(spec.nodeName))
    .map((pod) => `Pod ${nameOf(pod)} is bound to node ${pod.spec.nodeName}, which is no more`);
}

function runningUnknown({ pods, running }: World): string[] {
  const known = new Map(pods.map((pod) => [pod.metadata.uid, pod]));
  return running
    .filter(({ metadata }) => {
      const pod = known.get(metadata.uid);
      return !pod || isPodTerminal(pod);
    })
    .map((pod) => `containers of Pod ${nameOf(pod)} run on ${pod.spec.nodeName}, and the pod is over or gone`);
}

function notRunning(world: World): string[] {
  const runs = new Set(world.running.map(({ metadata }) => metadata.uid));
  return world.pods
    .filter((pod) => pod.status?.phase === 'Running' && !runs.has(pod.metadata.uid) && !livesByStages(pod, world))
    .filter((pod) => pod.status?.containerStatuses?.some(({ state }) => state?.running))
    .map((pod) => `Pod ${nameOf(pod)} says that it runs, and nothing of it runs on ${pod.spec.nodeName}`);
}
