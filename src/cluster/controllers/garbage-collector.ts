// The garbage collector: deletes objects whose owners are gone, in the background or before their owner (foreground), or cuts them loose
// from it (orphan). Follows every kind that can be listed and deleted, custom ones as they come and go, through one graph of owners.
// Follows pkg/controller/garbagecollector of kube-controller-manager.
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import type { WorkQueue } from '../../client/workqueue.ts';
import { Collector } from './garbage-collector/collector.ts';
import { OwnerGraph, type Effects, type GraphNode } from './garbage-collector/graph.ts';

const WORKERS = 20;
/** How often the server is asked which kinds it has; custom resource definitions are noticed at once. */
const RESYNC_MS = 30_000;
const SYNC = 'sync';

/** Owned by nobody, owning nothing, and many. */
const IGNORED = new Set(['events']);

export function garbageCollector(deps: ControllerDeps): Controller {
  const { client, informers, events } = deps;
  const graph = new OwnerGraph();
  const collector = new Collector(client);
  /** Kinds that are followed. */
  const monitored = new Map<string, { stopped: boolean }>();
  /** Objects that name an owner of an unknown kind: looked at again when kinds come. */
  const unresolved = new Set<string>();
  let ready!: () => void;
  const synced = new Promise<void>((resolve) => (ready = resolve));

  return controller({ name: 'garbage-collector-controller', deps, workers: WORKERS, watch, reconcile });

  function watch(queue: WorkQueue): void {
    queue.add(SYNC);
    const resync = (): void => queue.add(SYNC);
    informers.of('apiextensions.k8s.io/v1/CustomResourceDefinition').addHandler({ added: resync, updated: resync, deleted: resync });
  }

  async function reconcile(key: string, queue: WorkQueue): Promise<void> {
    if (key === SYNC) {
      await sync(queue);
      queue.addAfter(SYNC, RESYNC_MS, { background: true });
      return;
    }
    // before everything has been seen once, an owner may merely not have been seen yet
    await synced;
    const node = graph.get(key.slice(key.indexOf('/') + 1));
    if (!node) return;
    if (key.startsWith('orphan/')) await collector.orphan(node);
    else await attempt(node, queue);
  }

  async function attempt(node: GraphNode, queue: WorkQueue): Promise<void> {
    const outcome = await collector.attemptToDelete(node);
    const { uid } = node.identity;
    if (outcome.is === 'next') for (const next of outcome.nodes) queue.add(`delete/${next.identity.uid}`);
    if (outcome.is === 'unresolved') unresolved.add(uid);
    if (outcome.is === 'absent') apply(graph.forget(uid), queue);
  }

  function apply({ toDelete, toOrphan }: Effects, queue: WorkQueue): void {
    for (const { identity } of toDelete) queue.add(`delete/${identity.uid}`);
    for (const { identity } of toOrphan) queue.add(`orphan/${identity.uid}`);
  }

  /** Follows the kinds that came, and no longer those that went. */
  async function sync(queue: WorkQueue): Promise<void> {
    const served = (await client.servedKinds()).filter(
      ({ resource, verbs }) => !IGNORED.has(resource) && ['list', 'watch', 'delete'].every((verb) => verbs.includes(verb)),
    );
    const kinds = new Set(served.map((s) => s.kind));
    for (const [kind, monitor] of monitored) {
      if (kinds.has(kind)) continue;
      monitor.stopped = true;
      monitored.delete(kind);
      void informers.drop(kind);
    }
    const added = [...kinds].filter((kind) => !monitored.has(kind));
    await Promise.all(added.map((kind) => follow(kind, queue)));
    if (added.length > 0) {
      for (const uid of unresolved) queue.add(`delete/${uid}`);
      unresolved.clear();
    }
    ready();
  }

  function follow(kind: string, queue: WorkQueue): Promise<void> {
    const monitor = { stopped: false };
    monitored.set(kind, monitor);
    const informer = informers.of(kind as 'example.test/v1/Any');
    const observe = (object: KubernetesObject): void => {
      if (monitor.stopped) return;
      const effects = graph.observe(object);
      apply(effects, queue);
      for (const ref of effects.wrongNamespace) {
        const { namespace = '' } = object.metadata;
        const owner = `[${ref.apiVersion}/${ref.kind}, namespace: ${namespace}, name: ${ref.name}, uid: ${ref.uid}]`;
        const message = `ownerRef ${owner} does not exist in namespace "${namespace}"`;
        events.event(object, 'Warning', 'OwnerRefInvalidNamespace', message);
      }
    };
    informer.addHandler({
      added: observe,
      updated: observe,
      deleted({ metadata }) {
        unresolved.delete(metadata.uid);
        const node = graph.get(metadata.uid);
        if (node && node.dependents.size > 0) collector.rememberAbsent(node.identity);
        apply(graph.forget(metadata.uid), queue);
      },
    });
    return informer.start();
  }
}
