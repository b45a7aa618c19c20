// Custom resources whose definitions live elsewhere: an operator's chart brought them, another repository, people. Where nothing says what
// they are, they can be taken as they stand: a definition is made up for each kind that lets every field pass. Pure.
import type { CustomResourceDefinition } from '#api/apiextensions/v1';
import { groupVersion, splitApiVersion, type Manifest } from '../../apimachinery/object.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import type { KnownKinds, ServedKinds } from './known-kinds.ts';

/** A kind that is taken for granted, in the versions in which it is used. */
export interface AssumedKind {
  readonly group: string;
  readonly kind: string;
  readonly versions: readonly string[];
  readonly namespaced: boolean;
}

/** Marks definitions that nobody wrote. */
const ASSUMED_ANNOTATION = 'jibe.dev/assumed';

/** The kinds of these objects that are nowhere defined and could be custom resources, in order of their names. */
export function assumedKinds(objects: readonly DesiredObject[], known: KnownKinds): readonly AssumedKind[] {
  const found = new Map<
    string,
    { readonly group: string; readonly kind: string; readonly versions: Set<string>; isInNamespace: boolean }
  >();
  for (const { apiVersion, kind, metadata } of objects) {
    if (known.get(apiVersion, kind) || !known.isForeign(apiVersion) || !KIND.test(kind)) continue;
    const { group, version } = splitApiVersion(apiVersion);
    if (!LABEL.test(version) || !group.split('.').every((part) => LABEL.test(part))) continue;
    const key = `${kind}.${group}`;
    const one = found.get(key) ?? { group, kind, versions: new Set<string>(), isInNamespace: false };
    one.versions.add(version);
    if (metadata.namespace) one.isInNamespace = true;
    found.set(key, one);
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { group, kind, versions, isInNamespace }]) => ({
      group,
      kind,
      versions: [...versions].sort(),
      namespaced: isInNamespace || !CLUSTER_WIDE.test(kind),
    }));
}

/** What a definition takes for the name of a kind, of a version, and of a part of a group. */
const KIND = /^[A-Za-z][A-Za-z0-9]{0,62}$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** By the names that authors of operators give to kinds without a namespace: ClusterIssuer, VolumeSnapshotClass. */
const CLUSTER_WIDE = /^Cluster[A-Z]|Class$/;

export const isAssumed = ({ metadata: { annotations = {} } }: CustomResourceDefinition): boolean =>
  annotations[ASSUMED_ANNOTATION] === 'true';

/** A definition for it: every field passes, and nothing is filled in. */
export function assumedDefinition({ group, kind, versions, namespaced }: AssumedKind): Manifest<CustomResourceDefinition> {
  const plural = pluralOf(kind.toLowerCase());
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const isProtected = /(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      annotations: {
        [ASSUMED_ANNOTATION]: 'true',
        ...(isProtected ? { 'api-approved.kubernetes.io': 'unapproved, assumed by jibe' } : {}),
      },
    },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: versions.map((name, i) => ({ name, served: true, storage: i === 0, schema })),
    },
  };
}

/** As kubectl guesses (meta.UnsafeGuessKindToResource). */
function pluralOf(singular: string): string {
  if (singular.endsWith('endpoints')) return singular;
  if (singular.endsWith('s')) return `${singular}es`;
  return singular.endsWith('y') ? `${singular.slice(0, -1)}ies` : `${singular}s`;
}

/** What is served, and what is assumed besides. */
export function servedWithAssumed(kinds: readonly AssumedKind[], served: ServedKinds = () => undefined): ServedKinds {
  const assumed = new Map(
    kinds.flatMap((one) => one.versions.map((version) => [`${groupVersion({ group: one.group, version })}/${one.kind}`, one] as const)),
  );
  return (apiVersion, kind) => served(apiVersion, kind) ?? assumed.get(`${apiVersion}/${kind}`);
}

/** `Certificate (cert-manager.io), ServiceMonitor (monitoring.coreos.com)`. */
export const assumedText = (kinds: readonly AssumedKind[]): string => kinds.map(({ kind, group }) => `${kind} (${group})`).join(', ');
