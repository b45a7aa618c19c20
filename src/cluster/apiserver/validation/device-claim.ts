// What a claim asks for: requests, constraints between the devices that satisfy them, and parameters for drivers. Follows
// validateDeviceClaim of pkg/apis/resource/validation.
import type { DeviceClaim, DeviceConstraint, DeviceRequest, DeviceSubRequest, ExactDeviceRequest } from '#api/resource/v1';
import { invalid, notSupported, required, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { checkDNS1123Label, checkDNS1123Subdomain } from './checks.ts';
import { checkConfiguration, checkDeviceToleration, checkFullyQualifiedName, checkList, checkSet } from './device-fields.ts';
import { checkDeviceSelectors } from './device-selector.ts';

const REQUESTS_MAX = 32;
const ALTERNATIVES_MAX = 8;
const CONSTRAINTS_MAX = 32;
const TOLERATIONS_MAX = 16;
export const CONFIG_MAX = 32;
const MODES = ['All', 'ExactCount'];
const NOT_A_REQUEST = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/** The requests of a claim, each with its alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

export function requestNamesOf(claim: DeviceClaim | undefined): RequestNames {
  return new Map((claim?.requests ?? []).map(({ name, firstAvailable }) => [name, new Set(firstAvailable?.map((sub) => sub.name))]));
}

export function validateDeviceClaim(claim: DeviceClaim | undefined, field: Path, errors: FieldError[]): void {
  const names = requestNamesOf(claim);
  checkSet(
    claim?.requests,
    REQUESTS_MAX,
    field.child('requests'),
    errors,
    ({ name }) => name,
    (request, at) => checkRequest(request, at, errors),
  );
  checkList(claim?.constraints, CONSTRAINTS_MAX, field.child('constraints'), errors, (one, at) => checkConstraint(one, names, at, errors));
  checkList(claim?.config, CONFIG_MAX, field.child('config'), errors, (config, at) => {
    checkRequestNames(config.requests, names, at.child('requests'), errors);
    checkConfiguration(config, false, at, errors);
  });
}

function checkRequest({ name, exactly, firstAvailable }: DeviceRequest, field: Path, errors: FieldError[]): void {
  checkDNS1123Label(name, field.child('name'), errors);
  const alternatives = firstAvailable?.length ? firstAvailable : undefined;
  if (!exactly && !alternatives) errors.push(required(field, 'exactly one of `exactly` or `firstAvailable` is required'));
  else if (exactly && alternatives)
    errors.push(invalid(field, null, 'exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set'));
  else if (exactly) checkWanted(exactly, field.child('exactly'), errors);
  else
    checkSet(
      alternatives,
      ALTERNATIVES_MAX,
      field.child('firstAvailable'),
      errors,
      (sub) => sub.name,
      (sub, at) => {
        checkDNS1123Label(sub.name, at.child('name'), errors);
        checkWanted(sub, at, errors);
      },
    );
}

function checkWanted(wanted: ExactDeviceRequest | DeviceSubRequest, field: Path, errors: FieldError[]): void {
  const { deviceClassName, selectors, allocationMode = '', count = 0, tolerations } = wanted;
  if (!deviceClassName) errors.push(required(field.child('deviceClassName')));
  else checkDNS1123Subdomain(deviceClassName, field.child('deviceClassName'), errors);
  checkDeviceSelectors(selectors, false, field.child('selectors'), errors);
  if (allocationMode === 'All') {
    if (count !== 0) errors.push(invalid(field.child('count'), count, "must not be specified when allocationMode is 'All'"));
  } else if (allocationMode === 'ExactCount') {
    if (count <= 0) errors.push(invalid(field.child('count'), count, 'must be greater than zero'));
  } else errors.push(notSupported(field.child('allocationMode'), allocationMode, MODES));
  checkList(tolerations, TOLERATIONS_MAX, field.child('tolerations'), errors, (one, at) => checkDeviceToleration(one, at, errors));
}

function checkConstraint(constraint: DeviceConstraint, names: RequestNames, field: Path, errors: FieldError[]): void {
  const { requests, matchAttribute, distinctAttribute } = constraint;
  checkRequestNames(requests, names, field.child('requests'), errors);
  if (matchAttribute !== undefined) checkFullyQualifiedName(matchAttribute, field.child('matchAttribute'), errors);
  else if (distinctAttribute !== undefined) checkFullyQualifiedName(distinctAttribute, field.child('distinctAttribute'), errors);
  else errors.push(required(field, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'));
}

export function checkRequestNames(requests: readonly string[] | undefined, names: RequestNames, field: Path, errors: FieldError[]): void {
  checkSet(requests, REQUESTS_MAX, field, errors, String, (name, at) => checkRequestName(name, names, at, errors));
}

export function checkRequestName(name: string, names: RequestNames, field: Path, errors: FieldError[]): void {
  const segments = name.split('/');
  const [request = '', sub] = segments;
  if (segments.length <= 2) for (const segment of segments) checkDNS1123Label(segment, field, errors);
  const alternatives = names.get(request);
  const known = alternatives && (sub === undefined || alternatives.has(sub));
  if (segments.length > 2 || !known) errors.push(invalid(field, name, NOT_A_REQUEST));
}
