// Deletes pods from nodes with NoExecute taints that they do not tolerate, at once or after the seconds for which they do.
// Follows pkg/controller/tainteviction of kube-controller-manager.
import type { Node, Pod, Taint, Toleration } from '#api/core/v1';
import { isPodTerminal } from '../../apimachinery/core/pod.ts';
import { tolerates } from '../../apimachinery/core/taints.ts';
import { deepEqual } from '../../apimachinery/object.ts';
import { isNotFound } from '../../apimachinery/status-error.ts';
import { formatTime } from '../../apimachinery/time.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';

const WORKERS = 8;
const BY_NODE = 'node-name';

/** Milliseconds for which a pod may stay; 0: not at all; undefined: as long as it likes. */
export function toleratedMs(taints: readonly Taint[], tolerations: readonly Toleration[]): number | undefined {
  let shortest: number | undefined;
  for (const taint of taints) {
    const used = tolerations.filter((t) => tolerates(t, taint));
    if (used.length === 0) return 0;
    for (const { tolerationSeconds } of used)
      if (tolerationSeconds !== undefined) shortest = Math.min(shortest ?? Infinity, Math.max(0, tolerationSeconds) * 1000);
  }
  return shortest;
}

const noExecute = (node: Node | undefined): readonly Taint[] => (node?.spec?.taints ?? []).filter((t) => t.effect === 'NoExecute');

export function taintEvictionController(deps: ControllerDeps): Controller {
  const { client, informers, clock, events } = deps;
  const nodes = informers.of('v1/Node');
  const pods = informers.of('v1/Pod');
  /** Pods that must go, and since when that has been so. */
  const waiting = new Map<string, number>();
  pods.addIndex(BY_NODE, ({ spec }) => (spec.nodeName ? [spec.nodeName] : []));

  return controller({
    name: 'taint-eviction-controller',
    deps,
    workers: WORKERS,
    watch(queue) {
      const podChanged = (pod: Pod): void => {
        const { nodeName } = pod.spec;
        if (nodeName && (waiting.has(objectKey(pod)) || noExecute(nodes.get('', nodeName)).length > 0)) queue.add(objectKey(pod));
      };
      nodes.addHandler({
        added: (node) => nodeChanged(node),
        updated(node, old) {
          if (!deepEqual(noExecute(node), noExecute(old))) nodeChanged(node);
        },
      });
      pods.addHandler({
        added: podChanged,
        updated(pod, old) {
          if (pod.spec.nodeName !== old.spec.nodeName || !deepEqual(pod.spec.tolerations, old.spec.tolerations)) podChanged(pod);
        },
        deleted: (pod) => waiting.delete(objectKey(pod)),
      });

      function nodeChanged({ metadata }: Node): void {
        for (const pod of pods.byIndex(BY_NODE, metadata.name)) queue.add(objectKey(pod));
      }
    },
    reconcile,
  });

  async function reconcile(key: string): Promise<void | number> {
    const { namespace, name } = splitKey(key);
    const pod = pods.get(namespace, name);
    if (!pod?.spec.nodeName) {
      waiting.delete(key);
      return undefined;
    }
    const taints = noExecute(nodes.get('', pod.spec.nodeName));
    const tolerated = taints.length === 0 ? undefined : toleratedMs(taints, pod.spec.tolerations ?? []);
    // what was to happen later happens not at all, or now
    if (!tolerated && waiting.delete(key)) events.event(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
    if (tolerated === undefined) return undefined;
    const since = waiting.get(key) ?? clock.now();
    waiting.set(key, since);
    const left = since + tolerated - clock.now();
    if (left > 0) return left;
    waiting.delete(key);
    await evict(pod);
    return undefined;
  }

  async function evict(pod: Pod): Promise<void> {
    const { name, namespace = '', uid } = pod.metadata;
    events.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`);
    try {
      if (!isPodTerminal(pod)) {
        const message = 'Taint manager: deleting due to NoExecute taint';
        const told = {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'DeletionByTaintManager',
          message,
          lastTransitionTime: formatTime(clock.now()),
        };
        const conditions = [...(pod.status?.conditions ?? []).filter((c) => c.type !== told.type), told];
        await client.patch('v1/Pod', name, { status: { conditions } }, { type: 'strategic', namespace, subresource: 'status' });
      }
      await client.delete('v1/Pod', name, { namespace, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
