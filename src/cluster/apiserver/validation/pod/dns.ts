// Names: of the pod as its network knows it, and how it finds the names of others. Follows pkg/apis/core/validation.
import type { HostAlias, PodDNSConfig, PodSpec } from '#api/core/v1';
import { forbidden, invalid, required, tooLong, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { byteLength, isDNS1123SubdomainWithUnderscore } from '../../../../apimachinery/validation/names.ts';
import { check, checkDNS1123Label, checkDNS1123Subdomain, checkEnum, checkIP } from '../checks.ts';

const POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2048;
const MAX_HOSTNAME = 64;

export const checkDNSPolicy = (policy: string | undefined, field: Path, errors: FieldError[]): void =>
  checkEnum(policy, POLICIES, field, errors);

export function validateDNSConfig({ dnsConfig, dnsPolicy }: PodSpec, field: Path, errors: FieldError[]): void {
  if (dnsPolicy === 'None') {
    if (!dnsConfig) {
      errors.push(required(field, 'must provide `dnsConfig` when `dnsPolicy` is None'));
      return;
    }
    if (!dnsConfig.nameservers?.length) {
      errors.push(required(field.child('nameservers'), 'must provide at least one DNS nameserver when `dnsPolicy` is None'));
      return;
    }
  }
  if (dnsConfig) validateConfig(dnsConfig, field, errors);
}

function validateConfig({ nameservers = [], searches = [], options = [] }: PodDNSConfig, field: Path, errors: FieldError[]): void {
  if (nameservers.length > MAX_NAMESERVERS)
    errors.push(invalid(field.child('nameservers'), nameservers, `must not have more than ${MAX_NAMESERVERS} nameservers`));
  nameservers.forEach((ip, i) => checkIP(ip, field.child('nameservers').index(i), errors));
  const at = field.child('searches');
  if (searches.length > MAX_SEARCHES) errors.push(invalid(at, searches, `must not have more than ${MAX_SEARCHES} search paths`));
  if (searches.join(' ').length > MAX_SEARCH_CHARACTERS)
    errors.push(invalid(at, searches, `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`));
  searches.forEach((search, i) => {
    if (search !== '.') check(isDNS1123SubdomainWithUnderscore, search.replace(/\.$/, ''), at.index(i), errors);
  });
  options.forEach(({ name }, i) => {
    if (!name) errors.push(required(field.child('options').index(i), 'must not be empty'));
  });
}

export function validateHostAliases(aliases: readonly HostAlias[], field: Path, errors: FieldError[]): void {
  aliases.forEach(({ ip, hostnames }, i) => {
    checkIP(ip, field.index(i).child('ip'), errors);
    hostnames?.forEach((name, j) => checkDNS1123Subdomain(name, field.index(i).child('hostnames').index(j), errors));
  });
}

/** A name that replaces all that would otherwise follow from hostname and subdomain. */
export function validateHostnameOverride(spec: PodSpec, field: Path, errors: FieldError[]): void {
  const { hostnameOverride: name } = spec;
  if (name === undefined) return;
  const at = field.child('hostnameOverride');
  if (spec.setHostnameAsFQDN) errors.push(forbidden(at, 'must not be specified when setHostnameAsFQDN is true'));
  if (spec.hostNetwork) errors.push(forbidden(at, 'must not be specified when hostNetwork is true'));
  if (byteLength(name) > MAX_HOSTNAME) errors.push(tooLong(at, MAX_HOSTNAME));
  checkDNS1123Subdomain(name, at, errors);
}

export function validateHostname({ hostname, subdomain }: PodSpec, field: Path, errors: FieldError[]): void {
  if (hostname) checkDNS1123Label(hostname, field.child('hostname'), errors);
  if (subdomain) checkDNS1123Label(subdomain, field.child('subdomain'), errors);
}
