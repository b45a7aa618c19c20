// A scheduler and kubelets that take no time and have no opinion, for tests of controllers: a pod is put on a node in turn, runs and is
// ready at once, a Job's pod then succeeds, a deleted pod is gone. Annotations `sim/...` of a pod hold it back or send it elsewhere.
import type { Node, Pod } from '#api/core/v1';
import { isPodReady } from '../../src/apimachinery/core/pod.ts';
import { controllerOf } from '../../src/apimachinery/owner-reference.ts';
import { isConflict, isNotFound } from '../../src/apimachinery/status-error.ts';
import { formatMicroTime, formatTime, timeMs } from '../../src/apimachinery/time.ts';
import { controller, type Controller, type ControllerDeps } from '../../src/client/controller.ts';
import { objectKey, splitKey } from '../../src/client/informer.ts';

const ZONE = 'topology.kubernetes.io/zone';

const LEASE_NAMESPACE = 'kube-node-lease';
const RENEW_MS = 10_000;

const CONDITIONS = [
  { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
  { type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory', message: 'kubelet has sufficient memory available' },
  { type: 'DiskPressure', status: 'False', reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' },
  { type: 'PIDPressure', status: 'False', reason: 'KubeletHasSufficientPID', message: 'kubelet has sufficient PID available' },
  { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated', message: 'RouteController created a route' },
];

/** Keeps nodes ready, and their leases renewed. */
export function fakeNodes(deps: ControllerDeps): Controller {
  const { client, informers, clock } = deps;
  const nodes = informers.of('v1/Node');
  const leases = informers.of('coordination.k8s.io/v1/Lease');
  return controller({
    name: 'fake-nodes',
    deps,
    workers: 1,
    watch: (queue) => nodes.addHandler({ added: (node) => queue.add(objectKey(node)), updated: (node) => queue.add(objectKey(node)) }),
    async reconcile(name, queue) {
      const node = nodes.get('', name);
      if (node?.metadata.annotations?.['kwok.x-k8s.io/node'] !== 'fake') return;
      if (!node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')) {
        const at = formatTime(clock.now());
        const conditions = CONDITIONS.map((c) => ({ ...c, lastHeartbeatTime: at, lastTransitionTime: at }));
        await client.updateStatus('v1/Node', { ...node, status: { ...node.status, conditions } });
      }
      const lease = leases.get(LEASE_NAMESPACE, name);
      const renewTime = formatMicroTime(clock.now());
      if (!lease) {
        const metadata = { name, namespace: LEASE_NAMESPACE };
        await client.create('coordination.k8s.io/v1/Lease', {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata,
          spec: { holderIdentity: name, renewTime },
        });
      } else if (clock.now() - timeMs(lease.spec?.renewTime ?? '') >= RENEW_MS)
        await client.update('coordination.k8s.io/v1/Lease', { ...lease, spec: { ...lease.spec, renewTime } });
      queue.addAfter(name, RENEW_MS, { background: true });
    },
  });
}

/** Puts pods on nodes. */
export function fakeScheduler(deps: ControllerDeps): Controller {
  const { client, informers, events } = deps;
  const pods = informers.of('v1/Pod');
  const nodes = informers.of('v1/Node');
  let turn = 0;
  return controller({
    name: 'fake-scheduler',
    deps,
    workers: 1,
    watch(queue) {
      const enqueue = (pod: Pod): void => {
        if (!pod.spec.nodeName && !pod.metadata.deletionTimestamp) queue.add(objectKey(pod));
      };
      pods.addHandler({ added: enqueue, updated: enqueue });
      nodes.addHandler({
        added: () => {
          for (const pod of pods.list()) enqueue(pod);
        },
      });
    },
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const pod = pods.get(namespace, name);
      if (!pod || pod.spec.nodeName || pod.metadata.deletionTimestamp || pod.spec.schedulingGates?.length) return;
      const feasible = [...nodes.list()].filter((node) => fits(pod, node));
      const node = feasible[turn++ % feasible.length];
      if (!node) return;
      const target = { apiVersion: 'v1', kind: 'Node', name: node.metadata.name };
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, ...zoneOf(node) }, target };
      try {
        await client.create('v1/Pod', binding, { subresource: 'binding' });
      } catch (error) {
        if (isNotFound(error)) return;
        throw error;
      }
      events.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${key} to ${node.metadata.name}`, { action: 'Binding' });
    },
  });
}

/** The API server gives the pod its node's zone through the labels of the binding. */
function zoneOf(node: Node): { readonly labels?: Readonly<Record<string, string>> } {
  const zone = node.metadata.labels?.[ZONE];
  return zone === undefined ? {} : { labels: { [ZONE]: zone } };
}

function fits(pod: Pod, node: Node): boolean {
  if (node.metadata.deletionTimestamp) return false;
  const { nodeSelector = {}, affinity } = pod.spec;
  if (Object.entries(nodeSelector).some(([k, v]) => node.metadata.labels?.[k] !== v)) return false;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const names = terms?.flatMap((t) => t.matchFields ?? []).flatMap((f) => f.values ?? []);
  return !names || names.length === 0 || names.includes(node.metadata.name);
}

/** Runs pods that are on a node. */
export function fakeKubelets(deps: ControllerDeps): Controller {
  const { client, informers, clock } = deps;
  const pods = informers.of('v1/Pod');
  const nodes = informers.of('v1/Node');
  return controller({
    name: 'fake-kubelet',
    deps,
    workers: 1,
    watch: (queue) => pods.addHandler({ added: (pod) => queue.add(objectKey(pod)), updated: (pod) => queue.add(objectKey(pod)) }),
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const pod = pods.get(namespace, name);
      if (!pod?.spec.nodeName || nodes.get('', pod.spec.nodeName)?.metadata.annotations?.['kwok.x-k8s.io/node'] !== 'fake') return;
      const next = step(pod, formatTime(clock.now()));
      try {
        if (next === 'gone')
          await client.delete('v1/Pod', name, { namespace, gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } });
        else if (next) await client.updateStatus('v1/Pod', { ...pod, status: next });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    },
  });
}

type Status = NonNullable<Pod['status']>;

/** What becomes of the pod next; undefined where it stays. */
function step(pod: Pod, at: string): Status | 'gone' | undefined {
  const sim = (name: string): string | undefined => pod.metadata.annotations?.[`sim/${name}`];
  const phase = pod.status?.phase ?? 'Pending';
  const ofJob = controllerOf(pod)?.kind === 'Job';
  const ended = phase === 'Succeeded' || phase === 'Failed';
  if (pod.metadata.deletionTimestamp) {
    if (sim('linger') !== undefined) return undefined;
    return ofJob && !ended ? terminated(pod, 137, at) : 'gone';
  }
  if (ended || sim('pending') !== undefined) return undefined;
  if (phase === 'Pending') return running(pod, sim('unready') === undefined, at);
  const exit = sim('exit');
  if (exit !== undefined) return terminated(pod, Number(exit), at);
  if (sim('unready') !== undefined) return isPodReady(pod) ? readiness(pod, false, at) : undefined;
  if (!isPodReady(pod)) return readiness(pod, true, at);
  return ofJob && sim('run') === undefined ? terminated(pod, 0, at) : undefined;
}

type Conditions = NonNullable<Status['conditions']>;

function withConditions(pod: Pod, next: Conditions): Conditions {
  const types = new Set(next.map((c) => c.type));
  return [...(pod.status?.conditions ?? []).filter((c) => !types.has(c.type)), ...next];
}

function ready(value: boolean, at: string, why: { readonly reason?: string; readonly message?: string } = {}): Conditions {
  return ['Ready', 'ContainersReady'].map((type) => ({ type, status: value ? 'True' : 'False', lastTransitionTime: at, ...why }));
}

const UNREADY = { reason: 'ContainersNotReady', message: 'containers with unready status' };

const readiness = (pod: Pod, value: boolean, at: string): Status => ({
  ...pod.status,
  conditions: withConditions(pod, ready(value, at, value ? {} : UNREADY)),
});

let address = 0;

function running(pod: Pod, isReady: boolean, at: string): Status {
  const podIP = `10.244.${(address >> 8) & 255}.${address++ & 255}`;
  return {
    ...pod.status,
    phase: 'Running',
    startTime: at,
    podIP,
    podIPs: [{ ip: podIP }],
    hostIP: '10.0.0.1',
    conditions: withConditions(pod, [
      { type: 'Initialized', status: 'True', lastTransitionTime: at },
      ...ready(isReady, at, isReady ? {} : UNREADY),
    ]),
    containerStatuses: pod.spec.containers.map((c) => ({
      name: c.name,
      image: c.image ?? '',
      imageID: '',
      ready: isReady,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: at } },
    })),
  };
}

function terminated(pod: Pod, exitCode: number, at: string): Status {
  const ok = exitCode === 0;
  return {
    ...pod.status,
    phase: ok ? 'Succeeded' : 'Failed',
    conditions: withConditions(pod, ready(false, at, { reason: ok ? 'PodCompleted' : 'PodFailed' })),
    containerStatuses: pod.spec.containers.map((c) => ({
      name: c.name,
      image: c.image ?? '',
      imageID: '',
      ready: false,
      started: false,
      restartCount: 0,
      state: { terminated: { exitCode, reason: ok ? 'Completed' : 'Error', startedAt: at, finishedAt: at } },
    })),
  };
}
