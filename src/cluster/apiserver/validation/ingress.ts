// Ingresses and IngressClasses. Follows pkg/apis/networking/validation.
import type { TypedLocalObjectReference } from '#api/core/v1';
import type {
  HTTPIngressPath,
  HTTPIngressRuleValue,
  Ingress,
  IngressBackend,
  IngressClass,
  IngressClassParametersReference,
  IngressSpec,
} from '#api/networking/v1';
import { isIP } from 'node:net';
import {
  forbidden,
  invalid,
  notSupported,
  Path,
  required,
  tooLong,
  type FieldError,
} from '../../../apimachinery/validation/field-error.ts';
import {
  byteLength,
  isDNS1123Label,
  isDNS1123Subdomain,
  isHTTPPath,
  isValidPathSegmentName,
  isValidPortName,
  isValidPortNum,
  isWildcardDNS1123Subdomain,
  nameIsDNSSubdomain,
} from '../../../apimachinery/validation/names.ts';
import { check, checkDNS1123Subdomain } from './checks.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate, validateImmutable } from './object-meta.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
export const INGRESS_CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const BAD_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F'];
const BAD_SUFFIXES = ['/..', '/.'];

export function validateIngress(ingress: Ingress): FieldError[] {
  const { metadata, spec } = ingress;
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  validateSpec(spec, errors);
  const annotated = metadata.annotations?.[INGRESS_CLASS_ANNOTATION];
  if (annotated !== undefined && spec.ingressClassName !== undefined && annotated !== spec.ingressClassName)
    errors.push(
      invalid(Path.of('annotations', INGRESS_CLASS_ANNOTATION), annotated, 'must match `ingressClassName` when both are specified'),
    );
  return errors;
}

export function validateIngressUpdate(ingress: Ingress, old: Ingress): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(ingress.metadata, old.metadata, METADATA);
  errors.push(...validateCoreObjectMeta(ingress.metadata, true, nameIsDNSSubdomain, METADATA));
  validateSpec(ingress.spec ?? {}, errors, toleratedIn(old));
  return errors;
}

/** What is stored and would be refused today may stay so. */
interface Tolerated {
  readonly secretNames: boolean;
  readonly rulesOfWildcards: boolean;
}

const NOTHING: Tolerated = { secretNames: false, rulesOfWildcards: false };

function toleratedIn({ spec: { tls = [], rules = [] } }: Ingress): Tolerated {
  return {
    secretNames: tls.some(({ secretName }) => secretName && isDNS1123Subdomain(secretName).length > 0),
    rulesOfWildcards: rules.some(({ host, http }) => {
      const errors: FieldError[] = [];
      if (host?.includes('*')) checkPaths(http, SPEC, errors);
      return errors.length > 0;
    }),
  };
}

function validateSpec(spec: IngressSpec, errors: FieldError[], tolerated = NOTHING): void {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  if (rules.length === 0 && !defaultBackend)
    errors.push(invalid(SPEC, spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'));
  if (defaultBackend) checkBackend(defaultBackend, SPEC.child('defaultBackend'), errors);
  rules.forEach(({ host = '', http }, i) => {
    const at = SPEC.child('rules').index(i);
    if (host) checkHost(host, at.child('host'), true, errors);
    if (!tolerated.rulesOfWildcards || !host.includes('*')) checkPaths(http, at.child('http', 'paths'), errors);
  });
  tls.forEach(({ hosts = [], secretName }, i) => {
    const at = SPEC.child('tls').index(i);
    hosts.forEach((host, j) => checkHost(host, at.child('hosts').index(j), false, errors));
    if (secretName && !tolerated.secretNames) checkDNS1123Subdomain(secretName, at.child('secretName'), errors);
  });
  if (ingressClassName !== undefined) checkDNS1123Subdomain(ingressClassName, SPEC.child('ingressClassName'), errors);
}

function checkPaths(http: HTTPIngressRuleValue | undefined, field: Path, errors: FieldError[]): void {
  if (!http) return;
  if (!http.paths?.length) errors.push(required(field));
  http.paths?.forEach((path, j) => checkPath(path, field.index(j), errors));
}

function checkHost(host: string, field: Path, isRule: boolean, errors: FieldError[]): void {
  if (isRule && isIP(host)) errors.push(invalid(field, host, 'must be a DNS name, not an IP address'));
  check(host.includes('*') ? isWildcardDNS1123Subdomain : isDNS1123Subdomain, host, field, errors);
}

function checkPath({ path = '', pathType, backend }: HTTPIngressPath, field: Path, errors: FieldError[]): void {
  const at = field.child('path');
  switch (pathType as string | null | undefined) {
    case undefined:
    case null:
      errors.push(required(field.child('pathType'), 'pathType must be specified'));
      return;
    case 'Exact':
    case 'Prefix':
      if (!path.startsWith('/')) errors.push(invalid(at, path, 'must be an absolute path'));
      for (const bad of BAD_SEQUENCES) if (path.includes(bad)) errors.push(invalid(at, path, `must not contain '${bad}'`));
      for (const bad of BAD_SUFFIXES) if (path.endsWith(bad)) errors.push(invalid(at, path, `cannot end with '${bad}'`));
      break;
    case 'ImplementationSpecific':
      if (path && !path.startsWith('/')) errors.push(invalid(at, path, 'must be an absolute path'));
      break;
    default:
      errors.push(notSupported(field.child('pathType'), pathType, PATH_TYPES));
  }
  checkBackend(backend ?? {}, field.child('backend'), errors);
}

function checkBackend({ service, resource }: IngressBackend, field: Path, errors: FieldError[]): void {
  if (service && resource) {
    errors.push(invalid(field, '', 'cannot set both resource and service backends'));
    return;
  }
  if (resource) checkReference(resource, field.child('resource'), errors);
  else if (service) checkServiceBackend(service, field, errors);
  else errors.push(invalid(field, '', 'resource or service backend is required'));
}

function checkServiceBackend({ name, port = {} }: NonNullable<IngressBackend['service']>, field: Path, errors: FieldError[]): void {
  const at = field.child('service');
  if (!name) errors.push(required(at.child('name')));
  else check(isDNS1123Label, name, at.child('name'), errors);
  if (port.name && port.number) errors.push(invalid(field, '', 'cannot set both port name & port number'));
  else if (port.name) check(isValidPortName, port.name, at.child('port', 'name'), errors);
  else if (port.number)
    for (const wrong of isValidPortNum(port.number)) errors.push(invalid(at.child('port', 'number'), port.number, wrong));
  else errors.push(required(field, 'port name or number is required'));
}

type Reference = Partial<Pick<TypedLocalObjectReference, 'apiGroup' | 'kind' | 'name'>>;

function checkReference({ apiGroup, kind, name }: Reference, field: Path, errors: FieldError[]): void {
  if (apiGroup !== undefined && apiGroup !== null) checkDNS1123Subdomain(apiGroup, field.child('apiGroup'), errors);
  if (!kind) errors.push(required(field.child('kind')));
  else check(isValidPathSegmentName, kind, field.child('kind'), errors);
  if (!name) errors.push(required(field.child('name')));
  else check(isValidPathSegmentName, name, field.child('name'), errors);
}

const MAX_CONTROLLER = 250;
const SCOPES = ['Cluster', 'Namespace'];

export function validateIngressClass({ metadata, spec }: IngressClass): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, false, nameIsDNSSubdomain, METADATA);
  const { controller = '', parameters } = spec;
  const at = SPEC.child('controller');
  if (byteLength(controller) > MAX_CONTROLLER) errors.push(tooLong(at, MAX_CONTROLLER));
  checkDomainPrefixedPath(controller, at, errors);
  if (parameters) checkParameters(parameters, SPEC.child('parameters'), errors);
  return errors;
}

function checkDomainPrefixedPath(value: string, field: Path, errors: FieldError[]): void {
  if (!value) {
    errors.push(required(field));
    return;
  }
  const slash = value.indexOf('/');
  const host = value.slice(0, slash);
  const path = value.slice(slash + 1);
  if (slash < 1 || !path) errors.push(invalid(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  else {
    check(isDNS1123Subdomain, host, field, errors);
    check(isHTTPPath, path, field, errors);
  }
}

function checkParameters(parameters: IngressClassParametersReference, field: Path, errors: FieldError[]): void {
  checkReference(parameters, field, errors);
  const { scope, namespace } = parameters;
  const at = field.child('namespace');
  if (scope === 'Cluster') {
    if (namespace !== undefined) errors.push(forbidden(at, "`parameters.scope` is set to 'Cluster'"));
  } else if (scope === 'Namespace') {
    if (namespace === undefined) errors.push(required(at, "`parameters.scope` is set to 'Namespace'"));
    else check(isDNS1123Label, namespace, at, errors);
  } else errors.push(notSupported(field.child('scope'), scope, SCOPES));
}

export const validateIngressClassUpdate = (one: IngressClass, old: IngressClass): FieldError[] => [
  ...validateCoreObjectMetaUpdate(one.metadata, old.metadata, METADATA),
  ...validateImmutable(one.spec?.controller ?? '', old.spec?.controller ?? '', SPEC.child('controller')),
  ...validateIngressClass(one),
];
