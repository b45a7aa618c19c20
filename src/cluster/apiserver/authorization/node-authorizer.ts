// What a kubelet may do: its own node, its own lease, and what the pods that are bound to its node use; for the rest the same rules for
// all nodes. Follows plugin/pkg/auth/authorizer/node; the NodeRestriction admission plugin does the other half.
import { NODE_RULES } from '../bootstrap/cluster-roles.ts';
import { policyRule } from '../bootstrap/policy-rule.ts';
import { nodeOf } from '../authentication/node-names.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import { ALLOWED, isPath, NO_OPINION, noOpinion, type Authorizer, type Decision, type ResourceAttributes } from './authorizer.ts';
import type { NodeGraph } from './node-graph.ts';
import type { PodReferences } from './pod-references.ts';
import { ruleAllows } from './policy-rules.ts';

type Answer = Decision | Promise<Decision>;
type Rule = (node: string, attributes: ResourceAttributes, graph: NodeGraph) => Answer;

const READS = ['get', 'list', 'watch'];
const OWN_OBJECT_VERBS = ['get', 'create', 'update', 'patch', 'delete'];
const LEASES_NAMESPACE = 'kube-node-lease';

export function nodeAuthorizer(graph: NodeGraph): Authorizer {
  const rules = NODE_RULES.map(policyRule);
  return {
    authorize(attributes) {
      const node = nodeOf(attributes.user);
      if (node === undefined) return NO_OPINION;
      if (node === '') return noOpinion(`unknown node for user ${quote(attributes.user.username)}`);
      const own = isPath(attributes) ? undefined : RULES[`${attributes.resource}.${attributes.group}`];
      if (own) return own(node, attributes as ResourceAttributes, graph);
      return rules.some((rule) => ruleAllows(rule, attributes)) ? ALLOWED : NO_OPINION;
    },
  };
}

/** By `resource.group`. */
const RULES: Readonly<Record<string, Rule>> = {
  'secrets.': readNamespaced((node, { namespace, name }, graph) => graph.usesSecret(node, namespace, name)),
  'configmaps.': readNamespaced(used('configMaps')),
  'persistentvolumeclaims.': (node, attributes, graph) =>
    attributes.subresource === 'status' ? claimStatus(node, attributes, graph) : getOne(used('claims'))(node, attributes, graph),
  'persistentvolumes.': getOne((node, { name }, graph) => graph.usesVolume(node, name)),
  'resourceclaims.resource.k8s.io': getOne(used('resourceClaims')),
  'volumeattachments.storage.k8s.io': getOne((node, { name }, graph) => graph.usesAttachment(node, name)),
  'serviceaccounts.': createToken,
  'leases.coordination.k8s.io': ownLease,
  'csinodes.storage.k8s.io': ownCSINode,
  'resourceslices.resource.k8s.io': resourceSlice,
  'nodes.': ownNode,
  'pods.': ownPods,
};

type Related = (node: string, attributes: ResourceAttributes, graph: NodeGraph) => Promise<boolean>;

function used(kind: keyof PodReferences): Related {
  return (node, { namespace, name }, graph) => graph.uses(node, kind, namespace, name);
}

async function related(node: string, attributes: ResourceAttributes, graph: NodeGraph, isRelated: Related): Promise<Decision> {
  if (!attributes.name) return noOpinion('No Object name found');
  if (await isRelated(node, attributes, graph)) return ALLOWED;
  return noOpinion(`no relationship found between node '${node}' and this object`);
}

function readNamespaced(isRelated: Related): Rule {
  return (node, attributes, graph) => {
    if (!READS.includes(attributes.verb)) return noOpinion('can only read resources of this type');
    if (attributes.subresource) return noOpinion('cannot read subresource');
    if (!attributes.namespace) return noOpinion('can only read namespaced object of this type');
    return related(node, attributes, graph, isRelated);
  };
}

function getOne(isRelated: Related): Rule {
  return (node, attributes, graph) => {
    if (attributes.verb !== 'get') return noOpinion('can only get individual resources of this type');
    if (attributes.subresource) return noOpinion('cannot get subresource');
    return related(node, attributes, graph, isRelated);
  };
}

function claimStatus(node: string, attributes: ResourceAttributes, graph: NodeGraph): Answer {
  if (attributes.verb !== 'update' && attributes.verb !== 'patch') return noOpinion('can only get/update/patch this type');
  return related(node, attributes, graph, used('claims'));
}

function createToken(node: string, attributes: ResourceAttributes, graph: NodeGraph): Answer {
  if (attributes.verb !== 'create' || !attributes.name) return noOpinion('can only create tokens for individual service accounts');
  if (attributes.subresource !== 'token') return noOpinion('can only create token subresource of serviceaccount');
  return related(node, attributes, graph, used('serviceAccounts'));
}

// on create the name is not known yet: NodeRestriction looks at it
const isOther = (node: string, { verb, name }: ResourceAttributes): boolean => verb !== 'create' && name !== node;

function ownLease(node: string, attributes: ResourceAttributes): Decision {
  if (!OWN_OBJECT_VERBS.includes(attributes.verb)) return noOpinion('can only get, create, update, patch, or delete a node lease');
  if (attributes.namespace !== LEASES_NAMESPACE)
    return noOpinion(`can only access leases in the ${quote(LEASES_NAMESPACE)} system namespace`);
  if (isOther(node, attributes)) return noOpinion('can only access node lease with the same name as the requesting node');
  return ALLOWED;
}

function ownCSINode(node: string, attributes: ResourceAttributes): Decision {
  if (!OWN_OBJECT_VERBS.includes(attributes.verb)) return noOpinion('can only get, create, update, patch, or delete a CSINode');
  if (attributes.subresource) return noOpinion('cannot authorize CSINode subresources');
  if (isOther(node, attributes)) return noOpinion('can only access CSINode with the same name as the requesting node');
  return ALLOWED;
}

const selects = ({ fieldSelector }: ResourceAttributes, field: string, node: string): boolean =>
  fieldSelector.some((term) => term.field === field && term.operator === '=' && term.value === node);

function resourceSlice(node: string, attributes: ResourceAttributes, graph: NodeGraph): Answer {
  if (attributes.subresource) return noOpinion('cannot authorize ResourceSlice subresources');
  switch (attributes.verb) {
    case 'create':
      return ALLOWED;
    case 'get':
    case 'update':
    case 'patch':
    case 'delete':
      return related(node, attributes, graph, (n, { name }, g) => g.ownsSlice(n, name));
    case 'watch':
    case 'list':
    case 'deletecollection':
      if (selects(attributes, 'nodeName', node)) return ALLOWED;
      return noOpinion('can only list/watch/deletecollection resourceslices with nodeName field selector');
    default:
      return noOpinion(
        'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
      );
  }
}

function ownNode(node: string, { verb, subresource, name }: ResourceAttributes): Decision {
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? ALLOWED : NO_OPINION;
  if (subresource) return NO_OPINION;
  if (verb === 'create' || verb === 'update' || verb === 'patch') return ALLOWED;
  if (!READS.includes(verb)) return NO_OPINION;
  if (name === node) return ALLOWED;
  if (name === '') return noOpinion(`node '${node}' cannot read all nodes, only its own Node object`);
  return noOpinion(`node '${node}' cannot read '${name}', only its own Node object`);
}

function ownPods(node: string, attributes: ResourceAttributes, graph: NodeGraph): Answer {
  const { verb, subresource, name } = attributes;
  const runs: Related = (n, a, g) => g.runsPod(n, a.namespace, a.name);
  switch (subresource) {
    case '':
      if (verb === 'get') return related(node, attributes, graph, runs);
      if (verb === 'create' || verb === 'delete') return ALLOWED;
      if (verb !== 'list' && verb !== 'watch') return NO_OPINION;
      if (selects(attributes, 'spec.nodeName', node)) return ALLOWED;
      return name ? related(node, attributes, graph, runs) : noOpinion('can only list/watch pods with spec.nodeName field selector');
    case 'status':
      return verb === 'update' || verb === 'patch' ? ALLOWED : NO_OPINION;
    case 'eviction':
      return verb === 'create' ? ALLOWED : NO_OPINION;
    default:
      return NO_OPINION;
  }
}
