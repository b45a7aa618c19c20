// NetworkPolicies. Follows ValidateNetworkPolicy of pkg/apis/networking/validation.
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '#api/networking/v1';
import { BlockList } from 'node:net';
import { forbidden, invalid, notSupported, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isIPv6Address, isValidCIDR } from '../../../apimachinery/validation/ip.ts';
import { isValidPortName, isValidPortNum, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { check } from './checks.ts';
import { validateLabelSelector } from './label-selector.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate } from './object-meta.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const TYPES = ['Ingress', 'Egress'];

export const validateNetworkPolicy = (policy: NetworkPolicy): FieldError[] => [
  ...validateCoreObjectMeta(policy.metadata, true, nameIsDNSSubdomain, METADATA),
  ...validateSpec(policy),
];

function validateSpec({ spec }: NetworkPolicy): FieldError[] {
  const errors = validateLabelSelector(spec.podSelector, SPEC.child('podSelector'));
  spec.ingress?.forEach(({ ports, from }, i) => checkRule(ports, from, SPEC.child('ingress').index(i), 'from', errors));
  spec.egress?.forEach(({ ports, to }, i) => checkRule(ports, to, SPEC.child('egress').index(i), 'to', errors));
  const types = spec.policyTypes ?? [];
  const at = SPEC.child('policyTypes');
  if (types.length > TYPES.length) errors.push(invalid(at, types, 'may not specify more than two policyTypes'));
  else types.forEach((type, i) => TYPES.includes(type) || errors.push(notSupported(at.index(i), type, TYPES)));
  return errors;
}

export const validateNetworkPolicyUpdate = (policy: NetworkPolicy, old: NetworkPolicy): FieldError[] => [
  ...validateCoreObjectMetaUpdate(policy.metadata, old.metadata, METADATA),
  ...validateSpec(policy),
];

function checkRule(
  ports: readonly NetworkPolicyPort[] | undefined,
  peers: readonly NetworkPolicyPeer[] | undefined,
  field: Path,
  side: 'from' | 'to',
  errors: FieldError[],
): void {
  ports?.forEach((port, i) => checkPort(port, field.child('ports').index(i), errors));
  peers?.forEach((peer, i) => checkPeer(peer, field.child(side).index(i), errors));
}

function checkPort({ protocol, port, endPort }: NetworkPolicyPort, field: Path, errors: FieldError[]): void {
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) errors.push(notSupported(field.child('protocol'), protocol, PROTOCOLS));
  const endAt = field.child('endPort');
  if (port === undefined) {
    if (endPort !== undefined) errors.push(invalid(endAt, endPort, 'may not be specified when `port` is not specified'));
  } else if (typeof port === 'number') {
    for (const wrong of isValidPortNum(port)) errors.push(invalid(field.child('port'), port, wrong));
    if (endPort === undefined) return;
    if (endPort < port) errors.push(invalid(endAt, endPort, 'must be greater than or equal to `port`'));
    for (const wrong of isValidPortNum(endPort)) errors.push(invalid(endAt, endPort, wrong));
  } else {
    if (endPort !== undefined) errors.push(invalid(endAt, endPort, 'may not be specified when `port` is non-numeric'));
    check(isValidPortName, port, field.child('port'), errors);
  }
}

function checkPeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, field: Path, errors: FieldError[]): void {
  errors.push(...validateLabelSelector(podSelector, field.child('podSelector')));
  errors.push(...validateLabelSelector(namespaceSelector, field.child('namespaceSelector')));
  if (ipBlock) checkIPBlock(ipBlock, field.child('ipBlock'), errors);
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(required(field, 'must specify a peer'));
  else if (ipBlock && (podSelector || namespaceSelector)) errors.push(forbidden(field, 'may not specify both ipBlock and another peer'));
}

function checkIPBlock({ cidr, except = [] }: IPBlock, field: Path, errors: FieldError[]): void {
  if (!cidr) {
    errors.push(required(field.child('cidr')));
    return;
  }
  const before = errors.length;
  check(isValidCIDR, cidr, field.child('cidr'), errors);
  if (errors.length > before) return;
  except.forEach((part, i) => {
    const at = field.child('except').index(i);
    const wrong = isValidCIDR(part);
    for (const message of wrong) errors.push(invalid(at, part, message));
    if (wrong.length === 0 && !isStrictSubset(part, cidr)) errors.push(invalid(at, part, 'must be a strict subset of `cidr`'));
  });
}

function isStrictSubset(part: string, whole: string): boolean {
  const [ip = '', bits = ''] = part.split('/');
  const [base = '', wholeBits = ''] = whole.split('/');
  const family = isIPv6Address(base) ? 'ipv6' : 'ipv4';
  if (isIPv6Address(ip) !== (family === 'ipv6')) return false;
  const list = new BlockList();
  list.addSubnet(base, Number(wholeBits), family);
  return Number(bits) > Number(wholeBits) && list.check(ip, family);
}
