// Keeps a kubelet to what is its own: its node, its pods, its lease, tokens for its pods. The node authorizer decides by names alone; this
// plugin sees the objects. Follows plugin/pkg/admission/noderestriction.
import type { TokenRequest } from '#api/authentication/v1';
import type { Node, PersistentVolumeClaim, Pod } from '#api/core/v1';
import type { ResourceSlice } from '#api/resource/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import { notFoundError } from '../../../apimachinery/status-error.ts';
import type { Store } from '../../storage/store.ts';
import { nodeOf } from '../authentication/node-names.ts';
import { podReferences } from '../authorization/pod-references.ts';
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from './admission.ts';

const MIRROR = 'kubernetes.io/config.mirror';
const LEASES_NAMESPACE = 'kube-node-lease';

type Check = (node: string, attributes: AdmissionAttributes, store: Store) => void | Promise<void>;

export function nodeRestriction(store: Store): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    admit(attributes) {
      const node = nodeOf(attributes.user);
      if (node === undefined) return;
      if (node === '') throw refusal(attributes, `could not determine node from user ${quote(attributes.user.username)}`);
      const { group, resource } = attributes.resource;
      return CHECKS[`${resource}.${group}`]?.(node, attributes, store);
    },
  };
}

/** By `resource.group`. */
const CHECKS: Readonly<Record<string, Check>> = {
  'pods.': admitPod,
  'nodes.': admitNode,
  'persistentvolumeclaims.': admitClaim,
  'serviceaccounts.': admitToken,
  'leases.coordination.k8s.io': admitLease,
  'csinodes.storage.k8s.io': (node, attributes) => requireOwnName(node, attributes, 'CSINode'),
  'resourceslices.resource.k8s.io': admitSlice,
};

function admitPod(node: string, attributes: AdmissionAttributes, store: Store): void | Promise<void> {
  const { subresource, operation, old } = attributes;
  switch (subresource) {
    case '':
      if (operation === 'CREATE') return admitPodCreate(node, attributes, store);
      if (operation !== 'DELETE')
        throw refusal(attributes, `unexpected operation "${operation}", node ${quote(node)} can only create and delete mirror pods`);
      if ((old as unknown as Pod | undefined)?.spec.nodeName !== node)
        throw refusal(attributes, `node ${quote(node)} can only delete pods with spec.nodeName set to itself`);
      return;
    case 'status':
      return admitPodStatus(node, attributes);
    case 'eviction':
      return admitEviction(node, attributes, store);
    default:
      throw refusal(attributes, `unexpected pod subresource ${quote(subresource)}, only 'status' and 'eviction' are allowed`);
  }
}

async function admitPodCreate(node: string, attributes: AdmissionAttributes, store: Store): Promise<void> {
  const pod = attributes.object as unknown as Pod;
  const only = (what: string): Error => refusal(attributes, `node ${quote(node)} can only create pods with ${what}`);
  const cannot = (what: string): Error => refusal(attributes, `node ${quote(node)} can not create pods that reference ${what}`);
  if (pod.metadata.annotations?.[MIRROR] === undefined)
    throw refusal(attributes, `pod does not have ${quote(MIRROR)} annotation, node ${quote(node)} can only create mirror pods`);
  if (pod.spec.nodeName !== node) throw only('spec.nodeName set to itself');
  const [owner, ...more] = pod.metadata.ownerReferences ?? [];
  if (more.length) throw only('a single owner reference set to itself');
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) throw only('an owner reference set to itself');
  if (!owner.controller) throw only('a controller owner reference set to itself');
  if (owner.blockOwnerDeletion) throw refusal(attributes, `node ${quote(node)} must not set blockOwnerDeletion on an owner reference`);
  const own = await store.get(`/registry/minions/${node}`);
  if (!own) throw notFoundError({ group: '', resource: 'nodes' }, node);
  if (own.value.metadata.uid !== owner.uid)
    throw refusal(attributes, `node ${node} UID mismatch: expected ${owner.uid} got ${own.value.metadata.uid}`);
  if (pod.spec.serviceAccountName) throw cannot('a service account');
  // as if it were any other pod: what a mirror pod names would be given to it all the same
  const used = podReferences({ ...pod, metadata: { ...pod.metadata, annotations: {} } });
  if (used.secrets.size) throw cannot('secrets');
  if (used.configMaps.size) throw cannot('configmaps');
  if (used.trustBundles.size) throw cannot('clustertrustbundles');
  if (used.claims.size) throw cannot('persistentvolumeclaims');
}

function admitPodStatus(node: string, attributes: AdmissionAttributes): void {
  if (attributes.operation !== 'UPDATE') throw refusal(attributes, `unexpected operation "${attributes.operation}"`);
  const pod = attributes.object as unknown as Pod;
  const old = attributes.old as unknown as Pod;
  if (old.spec.nodeName !== node)
    throw refusal(attributes, `node ${quote(node)} can only update pod status for pods with spec.nodeName set to itself`);
  if (!deepEqual(pod.metadata.labels ?? {}, old.metadata.labels ?? {}))
    throw refusal(attributes, `node ${quote(node)} cannot update labels through pod status`);
  if (!deepEqual(pod.status?.resourceClaimStatuses ?? [], old.status?.resourceClaimStatuses ?? []))
    throw refusal(attributes, `node ${quote(node)} cannot update resource claim statues`);
}

async function admitEviction(node: string, attributes: AdmissionAttributes, store: Store): Promise<void> {
  if (attributes.operation !== 'CREATE') throw refusal(attributes, `unexpected operation ${attributes.operation}`);
  const pod = await podOf(attributes, attributes.name, store);
  if (pod.spec.nodeName !== node) throw refusal(attributes, `node ${node} can only evict pods with spec.nodeName set to itself`);
}

async function podOf({ namespace }: AdmissionAttributes, name: string, store: Store): Promise<Pod> {
  const entry = await store.get(`/registry/pods/${namespace}/${name}`);
  if (!entry) throw notFoundError({ group: '', resource: 'pods' }, name);
  return entry.value as unknown as Pod;
}

function admitNode(node: string, attributes: AdmissionAttributes): void {
  const { operation, object } = attributes;
  // of a creation the URL does not tell the name
  const name = attributes.name || (object?.metadata.name ?? '');
  if (name !== node) throw refusal(attributes, `node ${quote(node)} is not allowed to modify node ${quote(name)}`);
  if (operation === 'DELETE') return;
  const { metadata, spec } = object as unknown as Node;
  const old = attributes.old as unknown as Node | undefined;
  if (spec?.configSource && !deepEqual(spec.configSource, old?.spec?.configSource)) {
    const what = old ? 'update configSource to a new non-nil configSource' : 'create pods with a non-nil configSource';
    throw refusal(attributes, `node ${quote(node)} is not allowed to ${what}`);
  }
  if (old && !deepEqual(spec?.taints ?? [], old.spec?.taints ?? []))
    throw refusal(attributes, `node ${quote(node)} is not allowed to modify taints`);
  const wrong = changedLabels(metadata.labels ?? {}, old?.metadata.labels ?? {}).filter(isForbiddenLabel);
  if (wrong.length === 0) return;
  const list = wrong.sort().join(', ');
  if (old) throw refusal(attributes, `is not allowed to modify labels: ${list}`);
  throw refusal(attributes, `node ${quote(node)} is not allowed to set the following labels: ${list}`);
}

const changedLabels = (labels: Readonly<Record<string, string>>, old: Readonly<Record<string, string>>): string[] =>
  [...new Set([...Object.keys(labels), ...Object.keys(old)])].filter((key) => labels[key] !== old[key]);

/** Of Kubernetes' own labels, those that a kubelet may set. */
const KUBELET_LABELS = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.kubernetes.io/region',
  'failure-domain.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);
const KUBELET_LABEL_DOMAINS = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

const isIn = (domain: string, parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`);

function isForbiddenLabel(key: string): boolean {
  const domain = key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
  if (isIn(domain, 'node-restriction.kubernetes.io')) return true;
  if (!isIn(domain, 'kubernetes.io') && !isIn(domain, 'k8s.io')) return false;
  return !KUBELET_LABELS.has(key) && !KUBELET_LABEL_DOMAINS.some((parent) => isIn(domain, parent));
}

function admitClaim(node: string, attributes: AdmissionAttributes): void {
  if (attributes.subresource !== 'status') throw refusal(attributes, 'may only update PVC status');
  if (attributes.operation !== 'UPDATE') throw refusal(attributes, `unexpected operation "${attributes.operation}"`);
  if (
    deepEqual(fixedOf(attributes.object as unknown as PersistentVolumeClaim), fixedOf(attributes.old as unknown as PersistentVolumeClaim))
  )
    return;
  throw refusal(attributes, `node ${quote(node)} is not allowed to update fields other than status.capacity and status.conditions`);
}

/** What a node must leave as it is. */
function fixedOf({ metadata, status, ...rest }: PersistentVolumeClaim): object {
  const { resourceVersion: _r, managedFields: _m, ...keptMetadata } = metadata;
  const { capacity: _c, conditions: _o, allocatedResources: _a, allocatedResourceStatuses: _s, ...keptStatus } = status ?? {};
  return { ...rest, metadata: keptMetadata, status: keptStatus };
}

async function admitToken(node: string, attributes: AdmissionAttributes, store: Store): Promise<void> {
  if (attributes.operation !== 'CREATE' || attributes.subresource !== 'token') return;
  const ref = (attributes.object as unknown as TokenRequest).spec?.boundObjectRef;
  if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name) throw refusal(attributes, 'node requested token not bound to a pod');
  if (!ref.uid) throw refusal(attributes, 'node requested token with a pod binding without a uid');
  const pod = await podOf(attributes, ref.name, store);
  if (pod.metadata.uid !== ref.uid) {
    const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw refusal(attributes, why);
  }
  if (pod.spec.nodeName !== node) throw refusal(attributes, 'node requested token bound to a pod scheduled on a different node');
}

function admitLease(node: string, attributes: AdmissionAttributes): void {
  if (attributes.namespace !== LEASES_NAMESPACE)
    throw refusal(attributes, `can only access leases in the ${quote(LEASES_NAMESPACE)} system namespace`);
  requireOwnName(node, attributes, 'node lease');
}

function requireOwnName(node: string, attributes: AdmissionAttributes, what: string): void {
  const name = attributes.operation === 'CREATE' ? attributes.object?.metadata.name : attributes.name;
  if (name !== node) throw refusal(attributes, `can only access ${what} with the same name as the requesting node`);
}

function admitSlice(node: string, attributes: AdmissionAttributes): void {
  const { operation } = attributes;
  if (operation === 'UPDATE') return;
  const slice = (operation === 'CREATE' ? attributes.object : attributes.old) as unknown as ResourceSlice | undefined;
  const verb = operation === 'CREATE' ? 'create' : 'delete';
  if (slice && slice.spec?.nodeName !== node)
    throw refusal(attributes, `can only ${verb} ResourceSlice with the same NodeName as the requesting node`);
}
