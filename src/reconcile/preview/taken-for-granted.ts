// What must be there for base to be what it is, although nothing says so: namespaces that somebody made by hand, and definitions of custom
// resources that came with an operator. Base lives in some cluster already; what only head needs is not taken for granted unasked.
import type { Client } from '../../client/client.ts';
import { manifestsOf, type RenderedSource } from '../apps/prepare-apps.ts';
import { defineKinds } from '../define-kinds.ts';
import type { Prepared } from '../prepare.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import { assumedDefinition, assumedKinds, assumedText, type AssumedKind } from '../validate/assumed-kinds.ts';
import { customKinds } from '../validate/custom-kind.ts';
import { KnownKinds } from '../validate/known-kinds.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import { listed } from './consequence.ts';

export interface TakenForGranted {
  readonly kinds: readonly AssumedKind[];
  readonly namespaces: readonly string[];
}

interface Known {
  readonly world?: Prepared;
  readonly snapshot?: ClusterSnapshot;
  /** Where objects go that name no namespace. */
  readonly namespace: string;
  /** Kinds of head are taken for granted too, and those that a real cluster lacks. */
  readonly assumeKinds?: boolean;
}

/** Where a cluster was read, it has what it has. */
export function takenForGranted(base: RenderedSource, head: RenderedSource, known: Known): TakenForGranted {
  const { world, snapshot, namespace, assumeKinds = false } = known;
  const [before, after] = [base, head].map((side) => manifestsOf(side).map(({ object }) => object)) as [DesiredObject[], DesiredObject[]];
  const described = [...before, ...(world?.manifests ?? []).map(({ object }) => object)];
  const kinds = new KnownKinds([...described, ...after, ...(snapshot?.objects ?? [])].flatMap(customKinds));
  const using = assumeKinds ? [...before, ...after] : snapshot ? [] : before;
  return {
    kinds: assumedKinds(using, kinds),
    namespaces: snapshot
      ? []
      : namespacesOf(base, kinds, namespace).filter((name) => !ALWAYS.has(name) && !described.some(isNamespace(name))),
  };
}

/** Every cluster has these. */
const ALWAYS: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);

const isNamespace =
  (name: string) =>
  ({ apiVersion, kind, metadata }: DesiredObject): boolean =>
    kind === 'Namespace' && apiVersion === 'v1' && metadata.name === name;

/** In which the objects of a side are. */
function namespacesOf(side: RenderedSource, kinds: KnownKinds, namespace: string): readonly string[] {
  const found = new Set<string>();
  const parts = side.plain
    ? [{ manifests: side.plain.manifests, home: namespace }]
    : side.apps.map(({ app, rendered }) => ({ manifests: rendered.manifests, home: app.namespace ?? 'default' }));
  for (const { manifests, home } of parts)
    for (const { object } of manifests)
      if (kinds.get(object.apiVersion, object.kind)?.namespaced ?? object.metadata.namespace !== undefined)
        found.add(object.metadata.namespace || home);
  return [...found].sort();
}

/** Throws what the server refuses. */
export async function applyTakenForGranted(client: Client, { kinds, namespaces }: TakenForGranted): Promise<void> {
  for (const name of namespaces) await client.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await defineKinds(client, kinds.map(assumedDefinition));
}

/** In plain words. */
export const takenForGrantedText = ({ kinds, namespaces }: TakenForGranted): string[] => [
  ...(kinds.length ? [`What defines these kinds is not in the source; their objects are taken as they stand: ${assumedText(kinds)}.`] : []),
  ...(namespaces.length ? [`These namespaces are there already, though the source does not make them: ${listed(namespaces)}.`] : []),
];
