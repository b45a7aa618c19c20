// Why a pod goes where it goes: of every node the plugin that refuses it and its words, or what each plugin scores it. Asks what a cycle
// asks, of all nodes and without shortcuts; changes nothing. Works on any cluster, through a Client.
import type { Clock } from '../../apimachinery/clock.ts';
import { isPodTerminal } from '../../apimachinery/core/pod.ts';
import type { Client } from '../../client/client.ts';
import { Informers } from '../../client/informer.ts';
import { SchedulerCache } from './cache.ts';
import { prepareFilters, runFilters, type NodeRefusal } from './cycle.ts';
import { defaultPlugins } from './default-plugins.ts';
import type { Plugin, Snapshot } from './framework.ts';
import { informerLister } from './lister.ts';
import type { NodeInfo } from './node-info.ts';
import { VolumeBinder } from './plugins/volume-binding.ts';
import { podInfo, type PodInfo } from './pod-info.ts';

export interface PluginScore {
  readonly plugin: string;
  /** 0 to 100. */
  readonly score: number;
  readonly weight: number;
}

export interface NodeExplanation {
  readonly node: string;
  /** Undefined where the pod fits. */
  readonly refusedBy: { readonly plugin: string; readonly reasons: readonly string[] } | undefined;
  /** Of the plugins that score this pod; empty where the node is refused. */
  readonly scores: readonly PluginScore[];
  /** The weighted sum. */
  readonly total: number;
}

/** Nodes that fit come first, the best before the others; then those that are refused, by name. */
export function explainScheduling(pod: PodInfo, plugins: readonly Plugin[], snapshot: Snapshot): readonly NodeExplanation[] {
  const prepared = prepareFilters(pod, plugins, snapshot);
  const refusalOn = (node: NodeInfo): NodeRefusal | undefined => {
    if ('refusal' in prepared) return prepared.refusal;
    const { onlyNodes, restrictedBy, filters } = prepared;
    if (!onlyNodes || onlyNodes.has(node.name)) return runFilters(node, filters);
    return { plugin: restrictedBy[0]!, resolvable: false, reasons: [`node(s) didn't satisfy plugin(s) [${restrictedBy.join(' ')}]`] };
  };
  const feasible: NodeInfo[] = [];
  const refused: NodeExplanation[] = [];
  for (const node of snapshot.nodes) {
    const refusal = refusalOn(node);
    if (!refusal) feasible.push(node);
    else refused.push({ node: node.name, refusedBy: { plugin: refusal.plugin, reasons: refusal.reasons }, scores: [], total: 0 });
  }
  return [
    ...scored(pod, feasible, plugins, snapshot).sort((a, b) => b.total - a.total || (a.node < b.node ? -1 : 1)),
    ...refused.sort((a, b) => (a.node < b.node ? -1 : 1)),
  ];
}

function scored(pod: PodInfo, nodes: readonly NodeInfo[], plugins: readonly Plugin[], snapshot: Snapshot): NodeExplanation[] {
  const rows = nodes.map(({ name }) => ({ node: name, refusedBy: undefined, scores: [] as PluginScore[], total: 0 }));
  for (const plugin of plugins) {
    const scorer = plugin.preScore?.(pod, nodes, snapshot);
    if (!scorer) continue;
    const weight = plugin.weight ?? 1;
    const scores = Float64Array.from(nodes, (node) => scorer.score(node));
    scorer.normalize?.(scores, nodes);
    for (const [i, row] of rows.entries()) {
      row.scores.push({ plugin: plugin.name, score: scores[i]!, weight });
      row.total += scores[i]! * weight;
    }
  }
  return rows;
}

export interface PodExplanation {
  readonly namespace: string;
  readonly name: string;
  /** Where it is; undefined where it waits. */
  readonly nodeName: string | undefined;
  readonly nodes: readonly NodeExplanation[];
}

/** As things are now; a pod that has a node is looked at as if it had none yet. Throws a StatusError where there is no such pod. */
export async function explainPod(client: Client, clock: Clock, namespace: string, name: string): Promise<PodExplanation> {
  const wanted = await client.get('v1/Pod', name, { namespace });
  const informers = new Informers(client, clock);
  const lister = informerLister(informers);
  const binder = new VolumeBinder(lister, client, clock);
  const [pods, nodes] = [informers.of('v1/Pod'), informers.of('v1/Node')];
  await informers.start();
  try {
    const cache = new SchedulerCache();
    for (const node of nodes.list()) cache.setNode(node);
    for (const pod of pods.list())
      if (pod.spec.nodeName && !isPodTerminal(pod) && pod.metadata.uid !== wanted.metadata.uid) cache.setPod(pod);
    const { nodeName, ...spec } = wanted.spec;
    const explained = explainScheduling(podInfo({ ...wanted, spec }), defaultPlugins(lister, binder), cache);
    return { namespace, name, nodeName, nodes: explained };
  } finally {
    binder.close();
    await informers.stop();
  }
}
