// The annotations by which a Deployment and its ReplicaSets remember revisions and sizes. Pure.
// Follows pkg/controller/deployment/util of kube-controller-manager.
import type { Deployment, ReplicaSet } from '#api/apps/v1';
import { LAST_APPLIED } from '../../../apimachinery/apply/last-applied.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

/** Not copied from a Deployment to its ReplicaSets. */
const OWN_ANNOTATIONS = new Set([
  LAST_APPLIED,
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.revision',
]);

/** Former revisions of one ReplicaSet are remembered in at most so many characters. */
const HISTORY_LENGTH = 2000;

export type Annotations = Readonly<Record<string, string>>;

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;

/** 0 where it has none. */
export const revisionOf = (object: { readonly metadata: { readonly annotations?: Annotations } }): number =>
  wholeNumber(object.metadata.annotations?.[REVISION]) ?? 0;

export const desiredReplicas = (rs: ReplicaSet): number | undefined => wholeNumber(rs.metadata.annotations?.[DESIRED_REPLICAS]);
export const maxReplicas = (rs: ReplicaSet): number | undefined => wholeNumber(rs.metadata.annotations?.[MAX_REPLICAS]);

/** With the sizes that a later scaling is measured by; the very same where they are right already. */
export function withSizes(annotations: Annotations | undefined, desired: number, max: number): Annotations {
  const sizes = { [DESIRED_REPLICAS]: String(desired), [MAX_REPLICAS]: String(max) };
  const right = annotations?.[DESIRED_REPLICAS] === sizes[DESIRED_REPLICAS] && annotations?.[MAX_REPLICAS] === sizes[MAX_REPLICAS];
  return right ? annotations! : { ...annotations, ...sizes };
}

/** What the new ReplicaSet is to carry: the Deployment's own annotations and the newest revision. The very same where nothing changes. */
export function withRevision(annotations: Annotations | undefined, deployment: Deployment, revision: number): Annotations | undefined {
  const next: Record<string, string> = { ...annotations };
  let changed = false;
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (OWN_ANNOTATIONS.has(key) || next[key] === value) continue;
    next[key] = value;
    changed = true;
  }
  const former = annotations?.[REVISION];
  const old = former === undefined || former === '' ? 0 : wholeNumber(former);
  // an annotation that is no number was not written by us: it is left alone
  if (old === undefined) return annotations;
  if (old < revision) {
    next[REVISION] = String(revision);
    changed = true;
    if (former !== undefined) next[REVISION_HISTORY] = history(annotations?.[REVISION_HISTORY] ?? '', former);
  }
  return changed ? next : annotations;
}

function history(known: string, former: string): string {
  if (known === '') return former;
  const revisions = known.split(',');
  let length = known.length + former.length + 1;
  while (length > HISTORY_LENGTH && revisions.length > 0) length -= revisions.shift()!.length + 1;
  return length <= HISTORY_LENGTH ? [...revisions, former].join(',') : known;
}
