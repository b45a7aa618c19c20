// The address families of a Service and their policy, from what it says, what it had, and what the cluster has. Follows initIPFamilyFields
// of pkg/registry/core/service/storage/alloc.go for a cluster of one family, IPv4.
import type { Service, ServiceSpec } from '#api/core/v1';
import { isIPv6 } from 'node:net';
import { deepEqual } from '../../../apimachinery/object.ts';
import { invalidError, type StatusError } from '../../../apimachinery/status-error.ts';
import { invalid, Path, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { validateClusterIPFields } from '../validation/service-addresses.ts';
import { clusterIPsOf, HEADLESS, needsClusterIP } from './service-kind.ts';

const SPEC = Path.of('spec');
const POLICY = SPEC.child('ipFamilyPolicy');

export type WritableSpec = { -readonly [K in keyof ServiceSpec]: ServiceSpec[K] };

const familiesOf = (spec: ServiceSpec): readonly string[] => spec.ipFamilies ?? [];

export const refuseService = (name: string, errors: readonly FieldError[]): StatusError =>
  invalidError({ group: '', kind: 'Service' }, name, errors);

/** Fills in `ipFamilies` and `ipFamilyPolicy`, or refuses. */
export function initFamilies(spec: WritableSpec, name: string, old?: Service): void {
  if (!needsClusterIP({ spec }) || (old && prefersDualStackAsBefore(spec, old))) return;
  const ownsEndpoints = spec.clusterIP === HEADLESS && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.spec.ipFamilyPolicy ?? (ownsEndpoints ? 'RequireDualStack' : 'SingleStack');
  const refuseAny = (errors: readonly FieldError[]): void => {
    if (errors.length) throw refuseService(name, errors);
  };
  refuseAny(validateClusterIPFields({ spec }, old));
  refuseAny([...(old ? releasedFamilies(spec, old) : []), ...policyRules(spec), ...inferFamilies(spec)]);
  const families = familiesOf(spec);
  if (ownsEndpoints) {
    const first = families[0] ?? 'IPv4';
    // nobody but its owner fills in its endpoints, and may do so in both families
    const wantsBoth = families.length < 2 && spec.ipFamilyPolicy !== 'SingleStack';
    if (wantsBoth) spec.ipFamilies = [first, first === 'IPv4' ? 'IPv6' : 'IPv4'];
    else if (families.length === 0) spec.ipFamilies = [first];
    return;
  }
  const errors: FieldError[] = [];
  if (spec.ipFamilyPolicy === 'RequireDualStack')
    errors.push(invalid(POLICY, spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'));
  for (const [i, family] of families.entries())
    if (family !== 'IPv4') errors.push(invalid(SPEC.child('ipFamilies').index(i), family, 'not configured on this cluster'));
  refuseAny(errors);
  if (families.length === 0) spec.ipFamilies = ['IPv4'];
}

/** A Service that takes what the cluster has stays with what it was given, whatever the cluster has since. */
function prefersDualStackAsBefore(spec: ServiceSpec, { spec: old }: Service): boolean {
  return (
    spec.ipFamilyPolicy === 'PreferDualStack' &&
    spec.type === old.type &&
    (old.ipFamilyPolicy ?? 'PreferDualStack') === 'PreferDualStack' &&
    deepEqual(clusterIPsOf(spec), clusterIPsOf(old)) &&
    deepEqual(familiesOf(spec), familiesOf(old))
  );
}

/** The second family goes where the policy says so, and only there. */
function releasedFamilies(spec: WritableSpec, { spec: old }: Service): FieldError[] {
  const [ips, families] = [clusterIPsOf(spec), familiesOf(spec)];
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (ips.length > 1 && deepEqual(ips, clusterIPsOf(old))) spec.clusterIPs = ips.slice(0, 1);
    if (families.length > 1 && deepEqual(families, familiesOf(old))) spec.ipFamilies = families.slice(0, 1);
    return [];
  }
  const errors: FieldError[] = [];
  if (ips.length > 0 && ips.length < clusterIPsOf(old).length)
    errors.push(invalid(POLICY, spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary cluster IP"));
  if (families.length > 0 && families.length < familiesOf(old).length)
    errors.push(invalid(POLICY, spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary IP family"));
  return errors;
}

function policyRules(spec: ServiceSpec): FieldError[] {
  if (spec.ipFamilyPolicy !== 'SingleStack') return [];
  const errors: FieldError[] = [];
  const tell = (what: string): number =>
    errors.push(
      invalid(POLICY, spec.ipFamilyPolicy, `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`),
    );
  if (clusterIPsOf(spec).length === 2) tell('cluster IPs');
  if (familiesOf(spec).length === 2) tell('IP families');
  return errors;
}

/** An address says its family. */
function inferFamilies(spec: WritableSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, ip] of clusterIPsOf(spec).entries()) {
    if (ip === HEADLESS) break;
    if (i < familiesOf(spec).length) continue;
    if (isIPv6(ip)) errors.push(invalid(SPEC.child('clusterIPs').index(i), clusterIPsOf(spec), 'IPv6 is not configured on this cluster'));
    else spec.ipFamilies = [...familiesOf(spec), 'IPv4'];
  }
  return errors;
}
