// Removes pods that nobody else will: those of nodes that are gone or out of service, those that are being deleted and were never put on
// a node, and, beyond a number, those that ended. Follows pkg/controller/podgc of kube-controller-manager.
import type { Node, Pod } from '#api/core/v1';
import { isPodTerminal } from '../../apimachinery/core/pod.ts';
import { isNotFound } from '../../apimachinery/status-error.ts';
import { formatTime, timeMs } from '../../apimachinery/time.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';

const ROUND = 'round';
const ROUND_MS = 20_000;
/** A node that is missing so long will not come back. */
const QUARANTINE_MS = 40_000;
/** How many pods that ended may stay. */
const TERMINATED_THRESHOLD = 12_500;
const NO_NODE = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' } as const;
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';
const BY_NODE = 'node-name';
const BY_STATE = 'gc-state';
const ENDED = 'ended';
const UNSCHEDULED = 'unscheduled';

export function podGarbageCollector(deps: ControllerDeps): Controller {
  const { client, informers, clock } = deps;
  const pods = informers.of('v1/Pod');
  const nodes = informers.of('v1/Node');
  /** Nodes that pods are on and that nobody knows, and since when. */
  const missing = new Map<string, number>();
  const used = new Map<string, number>();
  pods.addIndex(BY_NODE, ({ spec }) => (spec.nodeName ? [spec.nodeName] : []));
  pods.addIndex(BY_STATE, (pod) =>
    isPodTerminal(pod) ? [ENDED] : pod.metadata.deletionTimestamp && !pod.spec.nodeName ? [UNSCHEDULED] : [],
  );

  return controller({
    name: 'pod-garbage-collector',
    deps,
    workers: 1,
    watch(queue) {
      queue.addAfter(ROUND, ROUND_MS, { background: true });
      const count = (pod: Pod, by: number): void => {
        const { nodeName } = pod.spec;
        if (!nodeName) return;
        const left = (used.get(nodeName) ?? 0) + by;
        if (left > 0) used.set(nodeName, left);
        else used.delete(nodeName);
      };
      pods.addHandler({
        added: (pod) => count(pod, 1),
        updated(pod, old) {
          if (pod.spec.nodeName !== old.spec.nodeName) {
            count(old, -1);
            count(pod, 1);
          }
        },
        deleted: (pod) => count(pod, -1),
      });
      nodes.addHandler({ added: ({ metadata }: Node) => missing.delete(metadata.name) });
    },
    async reconcile(_key, queue) {
      queue.addAfter(ROUND, ROUND_MS, { background: true });
      for (const pod of surplusPods([...pods.byIndex(BY_STATE, ENDED)], TERMINATED_THRESHOLD)) await remove(pod);
      for (const pod of stranded()) await remove(pod);
      for (const pod of await orphaned()) await remove(pod, NO_NODE);
      for (const pod of Array.from(pods.byIndex(BY_STATE, UNSCHEDULED))) await remove(pod);
    },
  });

  async function orphaned(): Promise<readonly Pod[]> {
    const now = clock.now();
    const found: Pod[] = [];
    for (const name of missing.keys()) if (!used.has(name)) missing.delete(name);
    for (const name of used.keys()) {
      if (nodes.get('', name)) continue;
      const since = missing.get(name);
      if (since === undefined) missing.set(name, now);
      else if (now - since >= QUARANTINE_MS && !(await exists(name))) found.push(...pods.byIndex(BY_NODE, name));
    }
    return found;
  }

  /** Pods that are to go from nodes of which somebody has said that they will not come back. */
  function stranded(): readonly Pod[] {
    const found: Pod[] = [];
    for (const node of nodes.list()) {
      const isReady = node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');
      if (isReady || !node.spec?.taints?.some((t) => t.key === OUT_OF_SERVICE)) continue;
      for (const pod of pods.byIndex(BY_NODE, node.metadata.name)) if (pod.metadata.deletionTimestamp) found.push(pod);
    }
    return found;
  }

  async function exists(node: string): Promise<boolean> {
    try {
      await client.get('v1/Node', node);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /** At once, and as Failed: no kubelet is there to end it. @param condition why, where the pod is to say so */
  async function remove(pod: Pod, condition?: typeof NO_NODE): Promise<void> {
    const { name, namespace = '', uid } = pod.metadata;
    try {
      if (!isPodTerminal(pod)) {
        const told = condition && { conditions: [{ ...condition, lastTransitionTime: formatTime(clock.now()) }] };
        const status = { phase: 'Failed', ...told };
        await client.patch('v1/Pod', name, { status }, { type: 'strategic', namespace, subresource: 'status' });
      }
      await client.delete('v1/Pod', name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** Of pods that ended those beyond the number that may stay: evicted ones first, then the oldest. */
export function surplusPods(ended: readonly Pod[], most: number): readonly Pod[] {
  if (ended.length <= most) return [];
  const kept = ({ status }: Pod): number => (status?.phase === 'Failed' && status.reason === 'Evicted' ? 0 : 1);
  const createdMs = ({ metadata }: Pod): number => timeMs(metadata.creationTimestamp);
  return [...ended]
    .sort((a, b) => kept(a) - kept(b) || createdMs(a) - createdMs(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
    .slice(0, ended.length - most);
}
