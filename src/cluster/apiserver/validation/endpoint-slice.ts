// EndpointSlices. Follows pkg/apis/discovery/validation.
import type { Endpoint, EndpointPort, EndpointSlice } from '#api/discovery/v1';
import { isIPv4, isIPv6 } from 'node:net';
import {
  duplicate,
  invalid,
  notSupported,
  Path,
  required,
  tooMany,
  type FieldError,
} from '../../../apimachinery/validation/field-error.ts';
import { isValidIP, specialIP } from '../../../apimachinery/validation/ip.ts';
import {
  isDNS1123Subdomain,
  isValidLabelValue,
  nameIsDNSSubdomain,
  wrongInFullyQualifiedDomainName,
} from '../../../apimachinery/validation/names.ts';
import { check, checkDNS1123Label, checkDNS1123Subdomain, checkEnum, checkQualifiedName } from './checks.ts';
import { validateCoreObjectMeta, validateImmutable } from './object-meta.ts';

const METADATA = Path.of('metadata');
const TYPES = ['FQDN', 'IPv4', 'IPv6'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;
const MAX_ENDPOINTS = 1000;
const MAX_HINTS = 8;

export function validateEndpointSlice(slice: EndpointSlice): FieldError[] {
  const errors = validateCoreObjectMeta(slice.metadata, true, nameIsDNSSubdomain, METADATA);
  checkEnum(slice.addressType, TYPES, Path.of('addressType'), errors);
  const endpoints = slice.endpoints ?? [];
  const at = Path.of('endpoints');
  if (endpoints.length > MAX_ENDPOINTS) errors.push(tooMany(at, endpoints.length, MAX_ENDPOINTS));
  else endpoints.forEach((endpoint, i) => checkEndpoint(endpoint, slice.addressType, at.index(i), errors));
  checkPorts(slice.ports ?? [], errors);
  return errors;
}

export const validateEndpointSliceUpdate = (slice: EndpointSlice, old: EndpointSlice): FieldError[] => [
  ...validateEndpointSlice(slice),
  ...validateImmutable(slice.addressType ?? '', old.addressType ?? '', Path.of('addressType')),
];

function checkEndpoint(endpoint: Endpoint, type: string, field: Path, errors: FieldError[]): void {
  const { addresses, nodeName, hostname, hints } = endpoint;
  const at = field.child('addresses');
  if (!addresses?.length) errors.push(required(at, 'must contain at least 1 address'));
  else if (addresses.length > MAX_ADDRESSES) errors.push(tooMany(at, addresses.length, MAX_ADDRESSES));
  else addresses.forEach((address, i) => checkAddress(address, type, at, i, errors));
  if (nodeName !== undefined) checkDNS1123Subdomain(nodeName, field.child('nodeName'), errors);
  if (hostname !== undefined) checkDNS1123Label(hostname, field.child('hostname'), errors);
  for (const list of ['forZones', 'forNodes'] as const) {
    const wanted = hints?.[list] ?? [];
    const path = field.child('hints', list);
    if (wanted.length > MAX_HINTS) errors.push(tooMany(path, wanted.length, MAX_HINTS));
    else checkHints(wanted, list === 'forZones' ? isValidLabelValue : isDNS1123Subdomain, path, errors);
  }
}

function checkHints(
  hints: readonly { readonly name: string }[],
  rule: (name: string) => string[],
  field: Path,
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  hints.forEach(({ name }, i) => {
    const at = field.index(i).child('name');
    if (seen.has(name)) errors.push(duplicate(at, name));
    else {
      seen.add(name);
      check(rule, name, at, errors);
    }
  });
}

function checkAddress(address: string, type: string, field: Path, i: number, errors: FieldError[]): void {
  const at = field.index(i);
  switch (type) {
    case 'IPv4':
    case 'IPv6': {
      const wrong = isValidIP(address);
      for (const message of wrong) errors.push(invalid(at, address, message));
      const isFamily = type === 'IPv4' ? isIPv4 : isIPv6;
      if (wrong.length === 0) {
        if (!isFamily(address)) errors.push(invalid(field, address, `must be an ${type} address`));
        check(specialIP, address, at, errors);
      }
      break;
    }
    case 'FQDN': {
      const found = wrongInFullyQualifiedDomainName(address);
      if (!address) errors.push(required(at));
      else if (found) errors.push(invalid(at, found.part, found.wrong));
      break;
    }
    default:
  }
}

function checkPorts(ports: readonly EndpointPort[], errors: FieldError[]): void {
  const at = Path.of('ports');
  if (ports.length > MAX_PORTS) {
    errors.push(tooMany(at, ports.length, MAX_PORTS));
    return;
  }
  const names = new Set<string>();
  ports.forEach(({ name = '', protocol, appProtocol }, i) => {
    const field = at.index(i);
    if (name) checkDNS1123Label(name, field.child('name'), errors);
    if (names.has(name)) errors.push(duplicate(field.child('name'), name));
    names.add(name);
    if (protocol === undefined) errors.push(required(field.child('protocol')));
    else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(field.child('protocol'), protocol, PROTOCOLS));
    if (appProtocol !== undefined) checkQualifiedName(appProtocol, field.child('appProtocol'), errors);
  });
}
