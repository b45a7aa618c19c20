// The world of a preview as flags name it: which nodes, which manifests or which snapshot, or a real cluster that is read.
import fs from 'node:fs';
import { Flags } from '@oclif/core';
import type { Node } from '#api/core/v1';
import type { Manifest } from '../../apimachinery/object.ts';
import { parseQuantity, QuantityError } from '../../apimachinery/quantity.ts';
import type { Client } from '../../client/client.ts';
import type { NodeSize } from '../../cluster/cluster.ts';
import type { ClusterSnapshot } from '../../reconcile/preview/cluster-snapshot.ts';
import { prepare, type Prepared } from '../../reconcile/prepare.ts';
import { MAX_SOURCE_BYTES } from '../../reconcile/source/limits.ts';
import { CannotDo } from './failure.ts';
import { sourceDeps, sourceSpec } from './source.ts';
import { withCluster } from './target.ts';
import { readTextFile } from './text-file.ts';

export const worldFlags = {
  nodes: Flags.string({
    summary: 'How many nodes, of which size, or a file of Nodes; beside those of the world.',
    description: '`5`, `3x4cpu,16Gi`, or the name of a file. Default: enough for base, and 3 at least; none where the world has nodes.',
    helpValue: 'N|NxSIZE|FILE',
  }),
  world: Flags.string({
    summary: 'What the cluster holds besides: manifests (quotas, classes, policies), or a snapshot (jibe cluster export).',
    helpValue: 'FILE',
  }),
  'from-context': Flags.string({
    summary: 'Take the world from a real cluster, which is only read: a context of a kubeconfig.',
    helpValue: 'NAME',
  }),
  kubeconfig: Flags.string({
    summary: 'Where contexts are defined; by default $KUBECONFIG or ~/.kube/config.',
    helpValue: 'FILE',
    dependsOn: ['from-context'],
  }),
};

export interface WorldFlags {
  readonly nodes?: string | undefined;
  readonly world?: string | undefined;
  readonly 'from-context'?: string | undefined;
  readonly kubeconfig?: string | undefined;
}

export interface World {
  /** Undefined: whatever base needs. */
  readonly nodes?: number | readonly Manifest<Node>[];
  readonly world?: Prepared;
  readonly snapshot?: ClusterSnapshot;
}

const MOST_NODES = 5000;

export async function readWorld(flags: WorldFlags): Promise<World> {
  const file = flags.world;
  const kept = file !== undefined && (await looksLikeSnapshot(file));
  if (kept && flags['from-context'] !== undefined)
    throw new CannotDo(`${file} is a snapshot, and --from-context reads a cluster`, 'name one of the two; manifests may come with either');
  const snapshot = kept ? await snapshotIn(file) : await liveSnapshot(flags);
  const world = file === undefined || kept ? undefined : await manifestsOf(file);
  const hasNodes = [...(snapshot?.objects ?? []), ...(world?.manifests.map(({ object }) => object) ?? [])].some(
    ({ kind, apiVersion }) => kind === 'Node' && apiVersion === 'v1',
  );
  const nodes = flags.nodes === undefined ? (hasNodes ? 0 : undefined) : await nodesOf(flags.nodes);
  return { ...(nodes === undefined ? {} : { nodes }), ...(world ? { world } : {}), ...(snapshot ? { snapshot } : {}) };
}

async function manifestsOf(file: string): Promise<Prepared> {
  const prepared = await prepare(sourceSpec(file, {}), sourceDeps());
  const [error] = prepared.errors;
  if (error)
    throw new CannotDo(`${error.file}:${error.line}:${error.column}: ${error.path ? `${error.path}: ` : ''}${error.message}`, error.hint);
  return prepared;
}

async function looksLikeSnapshot(file: string): Promise<boolean> {
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) return false;
  if (stats.size > MAX_SOURCE_BYTES) throw new CannotDo(`${file}: is larger than ${MAX_SOURCE_BYTES >> 20} MiB`);
  const { isSnapshot } = await import('../../reconcile/preview/cluster-snapshot.ts');
  return isSnapshot(readTextFile(file));
}

async function snapshotIn(file: string): Promise<ClusterSnapshot> {
  const { readSnapshot, SnapshotError } = await import('../../reconcile/preview/cluster-snapshot.ts');
  try {
    return await readSnapshot(readTextFile(file));
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    throw new CannotDo(`${file}:${error.line}: ${error.message}`, 'jibe cluster export writes such files', error);
  }
}

async function liveSnapshot({ 'from-context': context, kubeconfig }: WorldFlags): Promise<ClusterSnapshot | undefined> {
  if (context === undefined) return undefined;
  return exported({ context, kubeconfig, cluster: '', ephemeral: false, nodes: 0 });
}

/** All of a cluster that a snapshot keeps, by requests that only read. */
export async function exported(target: Parameters<typeof withCluster>[0]): Promise<ClusterSnapshot> {
  const { readCluster, TooLargeError } = await import('../../reconcile/preview/live-cluster.ts');
  try {
    return await withCluster(target, ({ client, cluster }) => readCluster(client, cluster));
  } catch (error) {
    if (error instanceof TooLargeError) throw new CannotDo(error.message, 'name what matters as manifests: --world FILE', error);
    throw error;
  }
}

/** `5`, `3x4cpu,16Gi`, or a file of Nodes. */
async function nodesOf(text: string): Promise<NonNullable<World['nodes']>> {
  const [, count, size] = /^(\d+)(?:x(.+))?$/.exec(text) ?? [];
  if (count === undefined) return nodesIn(text);
  const n = Number(count);
  if (n > MOST_NODES) throw new CannotDo(`--nodes ${text}: there may be ${MOST_NODES} nodes at most`);
  if (size === undefined) return n;
  const { nodeManifest } = await import('../../cluster/cluster.ts');
  const offered = sizeOf(text, size);
  return Array.from({ length: n }, (_, i) => nodeManifest(i, offered));
}

/** `4cpu,16Gi,30pods`: memory is what names nothing. */
function sizeOf(whole: string, text: string): NodeSize {
  const size: Record<string, string> = {};
  for (const part of text.split(',')) {
    const [, quantity = '', unit = ''] = /^([\d.]+(?:[kKMGTPE]i?|m)?)(cpu|pods|memory)?$/.exec(part.trim()) ?? [];
    try {
      parseQuantity(quantity);
    } catch (error) {
      if (!(error instanceof QuantityError)) throw error;
      throw new CannotDo(`--nodes ${whole}: ${JSON.stringify(part)} is no size`, 'write it as 3x4cpu,16Gi', error);
    }
    size[unit || 'memory'] = quantity;
  }
  return size;
}

async function nodesIn(file: string): Promise<readonly Manifest<Node>[]> {
  if (!fs.existsSync(file))
    throw new CannotDo(`--nodes ${file}: neither a number, nor a size, nor a file`, 'write 5, 3x4cpu,16Gi, or a file of Nodes');
  const { manifests } = await manifestsOf(file);
  const other = manifests.find(({ object }) => object.kind !== 'Node' || object.apiVersion !== 'v1');
  if (other) throw new CannotDo(`${file}:${other.origin.line}: ${other.object.kind} is no Node`, 'objects of other kinds go into --world');
  if (manifests.length === 0) throw new CannotDo(`${file}: holds no Nodes`);
  const { nodeManifest } = await import('../../cluster/cluster.ts');
  return manifests.map(({ object }, i) => sized(object as unknown as Manifest<Node>, nodeManifest(i)));
}

/** What a Node does not say of itself is as usual. */
function sized(node: Manifest<Node>, usual: Manifest<Node>): Manifest<Node> {
  const { capacity = {}, allocatable = {}, ...status } = node.status ?? {};
  const whole = { ...usual.status!.capacity, ...allocatable, ...capacity };
  return {
    ...node,
    spec: { ...usual.spec, ...node.spec },
    status: { ...status, capacity: whole, allocatable: { ...whole, ...allocatable } },
  };
}

/** What others do before head comes. Throws a CannotDo that names the place of what is wrong, when it is read and when it is done. */
export async function readOthers(file: string) {
  const { MeanwhileError, meanwhileText, patchAsOthers, readMeanwhile } = await import('../../reconcile/preview/meanwhile.ts');
  const placed = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof MeanwhileError)) throw error;
      throw new CannotDo(`${file}:${error.line}:${error.column}: ${error.message}`, 'docs/preview.md describes the file', error);
    }
  };
  const meanwhile = await placed(readMeanwhile(readTextFile(file)));
  return { about: meanwhileText(meanwhile), patch: (client: Client) => placed(patchAsOthers(client, meanwhile)) };
}
