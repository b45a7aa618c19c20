// Empties namespaces that are being deleted, pods before everything else, and lets them go once nothing is left in them. What holds a
// namespace up is told in its conditions. Follows pkg/controller/namespace of kube-controller-manager.
import type { Namespace, NamespaceCondition } from '#api/core/v1';
import { formatTime, timeMs } from '../../apimachinery/time.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { isMethodNotSupported, isNotFound } from '../../apimachinery/status-error.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import type { ServedKind } from '../../client/client.ts';
import { contentConditions, updatedConditions, type Remaining } from './namespace/conditions.ts';

const WORKERS = 10;
/** API servers that still take the namespace for a living one have so long to notice. */
const GRACE_PERIOD_MS = 5000;
const FINALIZER = 'kubernetes';
/** How long a finalizer of unknown purpose may take. */
const FINALIZER_ESTIMATE_SECONDS = 15;

/** What emptying a namespace came to. */
interface Emptied {
  readonly remaining: readonly Remaining[];
  readonly failures: readonly string[];
  /** How long what is left may still take. */
  readonly estimateSeconds: number;
}

const NOTHING_LEFT: Emptied = { remaining: [], failures: [], estimateSeconds: 0 };

export function namespaceController(deps: ControllerDeps): Controller {
  const { client, informers, clock } = deps;
  const namespaces = informers.of('v1/Namespace');

  return controller({
    name: 'namespace-controller',
    deps,
    workers: WORKERS,
    watch(queue) {
      const enqueue = ({ metadata }: Namespace): void => {
        if (metadata.deletionTimestamp) queue.addAfter(metadata.name, GRACE_PERIOD_MS);
      };
      namespaces.addHandler({ added: enqueue, updated: enqueue });
    },
    reconcile,
  });

  async function reconcile(name: string): Promise<void | number> {
    let namespace: Namespace;
    try {
      namespace = await client.get('v1/Namespace', name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
    if (!namespace.metadata.deletionTimestamp || !namespace.spec?.finalizers?.includes(FINALIZER)) return undefined;
    if (namespace.status?.phase !== 'Terminating')
      namespace = await client.updateStatus('v1/Namespace', { ...namespace, status: { ...namespace.status, phase: 'Terminating' } });
    const emptied = await empty(namespace);
    const told = await tell(namespace, emptied);
    if (emptied.failures.length > 0) throw new Error(emptied.failures.join(', '));
    if (emptied.remaining.length > 0) return (Math.floor(emptied.estimateSeconds / 2) + 1) * 1000;
    await finalize(told);
    return undefined;
  }

  /** Deletes what is in the namespace: other kinds only once no pod runs any more that may need them. */
  async function empty({ metadata }: Namespace): Promise<Emptied> {
    const served = (await client.servedKinds()).filter((s) => s.namespaced && s.verbs.includes('delete') && s.verbs.includes('list'));
    const deletedMs = timeMs(metadata.deletionTimestamp ?? '');
    const isPods = (s: ServedKind): boolean => s.kind === 'v1/Pod';
    const pods = await emptyAll(served.filter(isPods), metadata.name, deletedMs);
    if (pods.remaining.length > 0) return pods;
    return emptyAll(
      served.filter((s) => !isPods(s)),
      metadata.name,
      deletedMs,
    );
  }

  async function emptyAll(kinds: readonly ServedKind[], namespace: string, deletedMs: number): Promise<Emptied> {
    const all = await Promise.all(kinds.map((served) => emptyKind(served, namespace, deletedMs)));
    return {
      remaining: all.flatMap((e) => e.remaining),
      failures: all.flatMap((e) => e.failures),
      estimateSeconds: Math.max(0, ...all.map((e) => e.estimateSeconds)),
    };
  }

  async function emptyKind(served: ServedKind, namespace: string, deletedMs: number): Promise<Emptied> {
    try {
      const there = await list(served, namespace);
      if (there.length === 0) return NOTHING_LEFT;
      const patience = served.kind === 'v1/Pod' ? terminationSeconds(there, deletedMs, clock.now()) : 0;
      await deleteAll(served, namespace, there);
      const left = await list(served, namespace);
      if (left.length === 0) return NOTHING_LEFT;
      const finalizers = left.flatMap((object) => object.metadata.finalizers ?? []);
      const remaining = [{ resource: served.resource, group: served.group, count: left.length, finalizers }];
      if (patience > 0) return { remaining, failures: [], estimateSeconds: patience };
      if (finalizers.length > 0) return { remaining, failures: [], estimateSeconds: FINALIZER_ESTIMATE_SECONDS };
      const what = `${served.group}/${served.version}, Resource=${served.resource}`;
      return { remaining, failures: [`unexpected items still remain in namespace: ${namespace} for gvr: ${what}`], estimateSeconds: 0 };
    } catch (error) {
      if (isMethodNotSupported(error) || isNotFound(error)) return NOTHING_LEFT;
      return { remaining: [], failures: [(error as Error).message], estimateSeconds: 0 };
    }
  }

  async function list({ kind }: ServedKind, namespace: string): Promise<readonly KubernetesObject[]> {
    return (await client.list(kind, { namespace })).items as readonly KubernetesObject[];
  }

  async function deleteAll({ kind, verbs }: ServedKind, namespace: string, there: readonly KubernetesObject[]): Promise<void> {
    const options = { namespace, propagationPolicy: 'Background' } as const;
    if (verbs.includes('deletecollection')) {
      await client.deleteCollection(kind, options);
      return;
    }
    for (const { metadata } of there) {
      try {
        await client.delete(kind, metadata.name, options);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  async function tell(namespace: Namespace, { remaining, failures }: Emptied): Promise<Namespace> {
    const at = formatTime(clock.now());
    const known: readonly NamespaceCondition[] = namespace.status?.conditions ?? [];
    const conditions = updatedConditions(known, contentConditions(remaining, failures), at);
    // nobody reads the conditions of what goes this instant
    if (conditions === known || (remaining.length === 0 && failures.length === 0)) return namespace;
    return client.updateStatus('v1/Namespace', { ...namespace, status: { ...namespace.status, conditions } });
  }

  async function finalize(namespace: Namespace): Promise<void> {
    const finalizers = (namespace.spec?.finalizers ?? []).filter((f) => f !== FINALIZER);
    try {
      await client.update('v1/Namespace', { ...namespace, spec: { ...namespace.spec, finalizers } }, { subresource: 'finalize' });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** How long the pods that still run may take to end, in seconds. */
export function terminationSeconds(pods: readonly KubernetesObject[], deletedMs: number, now: number): number {
  let longest = 0;
  for (const pod of pods) {
    const { spec, status } = pod as unknown as { spec?: { terminationGracePeriodSeconds?: number }; status?: { phase?: string } };
    if (status?.phase === 'Succeeded' || status?.phase === 'Failed') continue;
    longest = Math.max(longest, spec?.terminationGracePeriodSeconds ?? 30);
  }
  return Math.max(0, longest - Math.floor((now - deletedMs) / 1000));
}
