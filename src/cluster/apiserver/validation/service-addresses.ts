// The fields of a Service that speak of its cluster addresses, which must agree with each other. Follows
// ValidateServiceClusterIPsRelatedFields of pkg/apis/core/validation.
import type { Service } from '#api/core/v1';
import { isIPv6 } from 'node:net';
import {
  duplicate,
  forbidden,
  invalid,
  notSupported,
  Path,
  required,
  type FieldError,
} from '../../../apimachinery/validation/field-error.ts';
import { isValidIP } from '../../../apimachinery/validation/ip.ts';
import { clusterIPsOf, HEADLESS } from '../service/service-kind.ts';

const SPEC = Path.of('spec');
const FAMILIES = ['IPv4', 'IPv6'];
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];

type WithSpec = Pick<Service, 'spec'>;

export function validateClusterIPFields(service: WithSpec, old: WithSpec | undefined): FieldError[] {
  const { spec } = service;
  if (spec.type === 'ExternalName') return externalNameHasNone(service);
  const errors: FieldError[] = [];
  const ips = clusterIPsOf(spec);
  const at = SPEC.child('clusterIPs');
  if (spec.clusterIP) {
    if (ips.length === 0) errors.push(required(at));
    else if (ips[0] !== spec.clusterIP) errors.push(invalid(at, ips, 'first value must match `clusterIP`'));
  } else if (ips.length > 0) errors.push(invalid(at, ips, 'must be empty when `clusterIP` is not specified'));
  errors.push(...familiesAndPolicy(service));
  const areSound = eachAddress(service, old, errors);
  if (ips.length > 2) errors.push(invalid(at, ips, 'may only hold up to 2 values'));
  // what is said of addresses in pairs would be beside the point
  if (!areSound) return errors;
  if (ips.length > 1 && ips.every((ip) => isIPv6(ip) === isIPv6(ips[0]!)))
    errors.push(invalid(at, ips, 'may specify no more than one IP for each IP family'));
  const families = spec.ipFamilies ?? [];
  for (const [i, ip] of ips.entries()) {
    if (ip === HEADLESS || i >= families.length) continue;
    const family = isIPv6(ip) ? 'IPv6' : 'IPv4';
    if (family !== families[i] && FAMILIES.includes(families[i]!))
      errors.push(invalid(at.index(i), ip, `expected an ${families[i]} value as indicated by \`ipFamilies[${i}]\``));
  }
  return errors;
}

function eachAddress({ spec }: WithSpec, old: WithSpec | undefined, errors: FieldError[]): boolean {
  let sound = true;
  // what is stored was valid once
  const known = old ? clusterIPsOf(old.spec) : [];
  for (const [i, ip] of clusterIPsOf(spec).entries()) {
    if (i === 0 && ip === HEADLESS) {
      if (clusterIPsOf(spec).length === 1) continue;
      errors.push(invalid(SPEC.child('clusterIPs'), clusterIPsOf(spec), "'None' must be the first and only value"));
      sound = false;
      continue;
    }
    if (known.includes(ip)) continue;
    for (const wrong of isValidIP(ip)) {
      errors.push(invalid(SPEC.child('clusterIPs').index(i), ip, wrong));
      sound = false;
    }
  }
  return sound;
}

function familiesAndPolicy({ spec }: WithSpec): FieldError[] {
  const errors: FieldError[] = [];
  const at = SPEC.child('ipFamilies');
  const seen = new Set<string>();
  for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
    if (!FAMILIES.includes(family)) errors.push(notSupported(at.index(i), family, FAMILIES));
    if (seen.has(family)) errors.push(duplicate(at.index(i), family));
    seen.add(family);
  }
  if (spec.ipFamilyPolicy !== undefined && !POLICIES.includes(spec.ipFamilyPolicy))
    errors.push(notSupported(SPEC.child('ipFamilyPolicy'), spec.ipFamilyPolicy, POLICIES));
  return errors;
}

function externalNameHasNone({ spec }: WithSpec): FieldError[] {
  const why = 'may not be set for ExternalName services';
  const errors: FieldError[] = [];
  if (spec.clusterIP || clusterIPsOf(spec).length) errors.push(forbidden(SPEC.child('clusterIPs'), why));
  if (spec.ipFamilies?.length) errors.push(forbidden(SPEC.child('ipFamilies'), why));
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbidden(SPEC.child('ipFamilyPolicy'), why));
  return errors;
}
