// Watches over nodes: makes their conditions taints, notices which fall silent, and marks the pods there as not ready.
// Follows pkg/controller/nodelifecycle of kube-controller-manager.
import type { Node, Pod } from '#api/core/v1';
import { podCondition } from '../../apimachinery/core/pod.ts';
import { isConflict, isNotFound } from '../../apimachinery/status-error.ts';
import { formatTime } from '../../apimachinery/time.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { GRACE_PERIOD_MS, NodeHealth } from './node-lifecycle/health.ts';
import { mirroredLabels, wantedTaints } from './node-lifecycle/taints.ts';

const ROUND = 'round';
const ROUND_MS = 5000;
const BY_NODE = 'node-name';
const TTL = 'node.alpha.kubernetes.io/ttl';

export interface NodeLifecycleOptions {
  /** How long a node may be silent. */
  readonly gracePeriodMs?: number;
}

export function nodeLifecycleController(deps: ControllerDeps, { gracePeriodMs = GRACE_PERIOD_MS }: NodeLifecycleOptions = {}): Controller {
  const { client, informers, clock, events } = deps;
  const nodes = informers.of('v1/Node');
  const pods = informers.of('v1/Pod');
  const leases = informers.of('coordination.k8s.io/v1/Lease');
  const health = new NodeHealth(gracePeriodMs);
  const known = new Map<string, Node>();
  pods.addIndex(BY_NODE, ({ spec }) => (spec.nodeName ? [spec.nodeName] : []));

  return controller({
    name: 'node-lifecycle-controller',
    deps,
    workers: 1,
    watch(queue) {
      queue.addAfter(ROUND, ROUND_MS, { background: true });
      const changed = (node: Node): void => queue.add(`node/${node.metadata.name}`);
      nodes.addHandler({ added: changed, updated: changed });
    },
    async reconcile(key, queue) {
      if (key === ROUND) {
        queue.addAfter(ROUND, ROUND_MS, { background: true });
        await round();
        return;
      }
      const node = nodes.get('', key.slice('node/'.length));
      if (node) await adorn(node);
    },
  });

  /** Taints, labels and the annotation by which kubelets know how long they may cache. */
  async function adorn(node: Node): Promise<void> {
    const taints = wantedTaints(node, clock.now());
    const labels = mirroredLabels(node);
    const ttl = node.metadata.annotations?.[TTL] === undefined;
    const tainted = taints.length === (node.spec?.taints ?? []).length && (taints.length === 0 || taints === node.spec?.taints);
    if (tainted && Object.keys(labels).length === 0 && !ttl) return;
    const { taints: _, ...spec } = node.spec ?? {};
    const metadata = {
      ...node.metadata,
      labels: { ...node.metadata.labels, ...labels },
      // clusters of more than a hundred nodes would cache longer
      annotations: { ...node.metadata.annotations, ...(ttl ? { [TTL]: '0' } : {}) },
    };
    await client.update('v1/Node', { ...node, metadata, spec: { ...spec, ...(taints.length > 0 ? { taints } : {}) } });
  }

  async function round(): Promise<void> {
    for (const [name, node] of known) {
      if (nodes.get('', name)) continue;
      known.delete(name);
      health.forget(name);
      events.event(node, 'Normal', 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`);
    }
    for (const node of Array.from(nodes.list())) {
      const { name } = node.metadata;
      if (!known.has(name)) events.event(node, 'Normal', 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`);
      known.set(name, node);
      await review(node);
    }
  }

  async function review(node: Node): Promise<void> {
    const { name } = node.metadata;
    const before = node.status?.conditions?.find((c) => c.type === 'Ready');
    const conditions = health.review(node, leases.get('kube-node-lease', name)?.spec?.renewTime, clock.now());
    let current = node;
    if (conditions) {
      try {
        current = await client.updateStatus('v1/Node', { ...node, status: { ...node.status, conditions } });
      } catch (error) {
        // it spoke up this very moment, or is gone
        if (isConflict(error) || isNotFound(error)) return;
        throw error;
      }
    }
    const ready = current.status?.conditions?.find((c) => c.type === 'Ready');
    if (!ready || ready.status === 'True') return;
    if (conditions && before?.status === 'True')
      events.event(current, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
    for (const pod of Array.from(pods.byIndex(BY_NODE, name))) await markNotReady(pod);
  }

  /** Nobody on the node will say so: Services must not send to it any more. */
  async function markNotReady(pod: Pod): Promise<void> {
    const ready = podCondition(pod, 'Ready');
    if (ready?.status !== 'True') return;
    const told = { ...ready, status: 'False', lastTransitionTime: formatTime(clock.now()) };
    const conditions = (pod.status?.conditions ?? []).map((c) => (c.type === 'Ready' ? told : c));
    try {
      await client.updateStatus('v1/Pod', { ...pod, status: { ...pod.status, conditions } });
      events.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
