// Endpoints. Follows ValidateEndpoints of pkg/apis/core/validation.
import type { EndpointAddress, EndpointPort, Endpoints } from '#api/core/v1';
import { invalid, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isValidIP, isValidIPForLegacyField, specialIP } from '../../../apimachinery/validation/ip.ts';
import { isValidPortNum, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { check, checkDNS1123Label, checkDNS1123Subdomain, checkEnum, checkQualifiedName } from './checks.ts';
import { semanticEqual, validateCoreObjectMeta, validateCoreObjectMetaUpdate } from './object-meta.ts';

const METADATA = Path.of('metadata');
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export function validateEndpoints(endpoints: Endpoints): FieldError[] {
  return [...checkMetadata(endpoints), ...validateSubsets(endpoints, undefined)];
}

const checkMetadata = ({ metadata }: Endpoints): FieldError[] => validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);

export function validateEndpointsUpdate(endpoints: Endpoints, old: Endpoints): FieldError[] {
  const errors = [...validateCoreObjectMetaUpdate(endpoints.metadata, old.metadata, METADATA), ...checkMetadata(endpoints)];
  if (!semanticEqual(endpoints.subsets, old.subsets)) errors.push(...validateSubsets(endpoints, old));
  return errors;
}

function validateSubsets({ subsets = [] }: Endpoints, old: Endpoints | undefined): FieldError[] {
  const errors: FieldError[] = [];
  // an address that is stored in an old form may stay
  const known = new Set(old?.subsets?.flatMap((s) => [...(s.addresses ?? []), ...(s.notReadyAddresses ?? [])].map((a) => a.ip)));
  subsets.forEach(({ addresses = [], notReadyAddresses = [], ports = [] }, i) => {
    const at = Path.of('subsets').index(i);
    if (addresses.length === 0 && notReadyAddresses.length === 0)
      errors.push(required(at, 'must specify `addresses` or `notReadyAddresses`'));
    addresses.forEach((a, j) => checkAddress(a, at.child('addresses').index(j), known, errors));
    notReadyAddresses.forEach((a, j) => checkAddress(a, at.child('notReadyAddresses').index(j), known, errors));
    ports.forEach((p, j) => checkPort(p, ports.length > 1, at.child('ports').index(j), errors));
  });
  return errors;
}

function checkAddress({ ip, hostname, nodeName }: EndpointAddress, field: Path, known: ReadonlySet<string>, errors: FieldError[]): void {
  check(known.has(ip) ? isValidIPForLegacyField : isValidIP, ip, field.child('ip'), errors);
  if (hostname) checkDNS1123Label(hostname, field.child('hostname'), errors);
  if (nodeName !== undefined) checkDNS1123Subdomain(nodeName, field.child('nodeName'), errors);
  check(specialIP, ip, field.child('ip'), errors);
}

function checkPort({ name, port, protocol, appProtocol }: EndpointPort, needsName: boolean, field: Path, errors: FieldError[]): void {
  if (name) checkDNS1123Label(name, field.child('name'), errors);
  else if (needsName) errors.push(required(field.child('name')));
  for (const wrong of isValidPortNum(port ?? 0)) errors.push(invalid(field.child('port'), port ?? 0, wrong));
  checkEnum(protocol, PROTOCOLS, field.child('protocol'), errors);
  if (appProtocol !== undefined) checkQualifiedName(appProtocol, field.child('appProtocol'), errors);
}
