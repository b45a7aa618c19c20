// IPAddresses and ServiceCIDRs: which addresses Services may have, and who has them. Follows pkg/apis/networking/validation.
import type { IPAddress, ServiceCIDR } from '#api/networking/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import { invalid, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isIPv6Address, isValidCIDR, isValidIP } from '../../../apimachinery/validation/ip.ts';
import { isDNS1123Subdomain, isValidPathSegmentName, nameIsDNSSubdomain, type NameRule } from '../../../apimachinery/validation/names.ts';
import { check } from './checks.ts';
import { PrintedInternal } from './internal-form.ts';
import { FIELD_IMMUTABLE, validateCoreObjectMeta, validateCoreObjectMetaUpdate } from './object-meta.ts';

const METADATA = Path.of('metadata');
const PARENT = Path.of('spec', 'parentRef');
const CIDRS = Path.of('spec', 'cidrs');

/** The address itself, in the one form that it has. */
const nameIsIP: NameRule = (name) => {
  const wrong = isValidIP(name);
  if (wrong.length) return wrong;
  return canonicalIP(name) === name ? [] : [`must be in canonical form ("${canonicalIP(name)}")`];
};

const canonicalIP = (ip: string): string => (isIPv6Address(ip) ? new URL(`http://[${ip}]/`).hostname.slice(1, -1) : ip);

export function validateIPAddress({ metadata, spec }: IPAddress): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, false, nameIsIP, METADATA);
  const { parentRef } = spec;
  if (!parentRef) return [...errors, required(PARENT)];
  if (parentRef.group) check(isDNS1123Subdomain, parentRef.group, PARENT.child('group'), errors);
  for (const key of ['resource', 'name'] as const) {
    const value = parentRef[key];
    if (!value) errors.push(required(PARENT.child(key)));
    else check(isValidPathSegmentName, value, PARENT.child(key), errors);
  }
  if (parentRef.namespace) check(isValidPathSegmentName, parentRef.namespace, PARENT.child('namespace'), errors);
  return errors;
}

export function validateIPAddressUpdate(address: IPAddress, old: IPAddress): FieldError[] {
  const errors = [...validateIPAddress(address), ...validateCoreObjectMetaUpdate(address.metadata, old.metadata, METADATA)];
  const parent = address.spec?.parentRef;
  if (!deepEqual(parent, old.spec?.parentRef))
    errors.push(invalid(PARENT, parent ? new PrintedInternal('networking/v1.ParentReference', parent) : null, FIELD_IMMUTABLE));
  return errors;
}

export function validateServiceCIDR({ metadata, spec }: ServiceCIDR): FieldError[] {
  return [...validateCoreObjectMeta(metadata, false, nameIsDNSSubdomain, METADATA), ...validateCIDRs(spec?.cidrs ?? [])];
}

function validateCIDRs(cidrs: readonly string[]): FieldError[] {
  if (cidrs.length === 0) return [required(CIDRS, 'at least one CIDR required')];
  // the whole spec is shown
  if (cidrs.length > 2)
    return [invalid(CIDRS, new PrintedInternal('networking/v1.ServiceCIDRSpec', { cidrs }), 'may only hold up to 2 values')];
  const errors: FieldError[] = [];
  cidrs.forEach((cidr, i) => check(isValidCIDR, cidr, CIDRS.index(i), errors));
  if (cidrs.length === 2 && cidrs.every((c) => isValidCIDR(c).length === 0) && isIPv6Address(cidrs[0]!) === isIPv6Address(cidrs[1]!))
    errors.push(invalid(CIDRS, cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'));
  return errors;
}

/** A second family may be added, and that is all. */
export function validateServiceCIDRUpdate(one: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(one.metadata, old.metadata, METADATA);
  const cidrs = one.spec?.cidrs ?? [];
  const before = old.spec?.cidrs ?? [];
  const isSecondAdded = cidrs.length === 2 && before.length === 1;
  if (cidrs.length === before.length || isSecondAdded)
    before.forEach((cidr, i) => cidr === cidrs[i] || errors.push(invalid(CIDRS.index(i), cidrs[i], FIELD_IMMUTABLE)));
  if (isSecondAdded) errors.push(...validateCIDRs(cidrs));
  else if (cidrs.length !== before.length) errors.push(invalid(CIDRS, one.spec?.cidrs ?? null, FIELD_IMMUTABLE));
  return errors;
}
