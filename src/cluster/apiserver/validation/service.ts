// Services. Follows ValidateService and ValidateServiceUpdate of pkg/apis/core/validation; the fields of addresses are in
// service-addresses.ts.
import type { Service, ServicePort, ServiceSpec, ServiceStatus } from '#api/core/v1';
import type { ObjectMeta } from '#api/meta/v1';
import { isIPv6 } from 'node:net';
import { isValidCIDR, isValidIP } from '../../../apimachinery/validation/ip.ts';
import {
  duplicate,
  forbidden,
  invalid,
  notSupported,
  Path,
  Printed,
  required,
  type FieldError,
} from '../../../apimachinery/validation/field-error.ts';
import {
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidPortName,
  isValidPortNum,
  nameIsDNSLabel,
} from '../../../apimachinery/validation/names.ts';
import {
  clusterIPsOf,
  HEADLESS,
  isExternallyAccessible,
  isHeadless,
  mayHaveNodePorts,
  needsHealthCheckNodePort,
  needsInternalTrafficPolicy,
} from '../service/service-kind.ts';
import { check, checkDNS1123Subdomain } from './checks.ts';
import { validateClusterIPFields } from './service-addresses.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate, validateLabels } from './object-meta.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const POLICIES = ['Cluster', 'Local'];
const AFFINITIES = ['ClientIP', 'None'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const MAX_AFFINITY_SECONDS = 86_400;
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode';
const TOPOLOGY_AWARE_HINTS = 'service.kubernetes.io/topology-aware-hints';
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';

export function validateService(service: Service): FieldError[] {
  return [...validateCoreObjectMeta(service.metadata, true, nameIsDNSLabel, METADATA), ...allButMetadata(service)];
}

function allButMetadata(service: Service, old?: Service): FieldError[] {
  const { metadata, spec } = service;
  const errors = topologyAnnotations(metadata.annotations);
  if ((spec.ports?.length ?? 0) === 0 && !isHeadless(service) && spec.type !== 'ExternalName') errors.push(required(SPEC.child('ports')));
  errors.push(...typeRules(service));
  errors.push(...portRules(service));
  if (spec.selector) validateLabels(spec.selector, SPEC.child('selector'), errors);
  if (!spec.sessionAffinity) errors.push(required(SPEC.child('sessionAffinity')));
  else if (!AFFINITIES.includes(spec.sessionAffinity))
    errors.push(notSupported(SPEC.child('sessionAffinity'), spec.sessionAffinity, AFFINITIES));
  errors.push(...affinityConfig(spec));
  errors.push(...validateClusterIPFields(service, old));
  errors.push(...externalIPs(spec, old));
  if (!spec.type) errors.push(required(SPEC.child('type')));
  else if (!TYPES.includes(spec.type)) errors.push(notSupported(SPEC.child('type'), spec.type, TYPES));
  errors.push(...nodePortRules(spec), ...duplicatePorts(spec));
  errors.push(...loadBalancerRules(service, old), ...trafficRules(service));
  return errors;
}

function topologyAnnotations(annotations: ObjectMeta['annotations'] = {}): FieldError[] {
  const { [TOPOLOGY_MODE]: mode, [TOPOLOGY_AWARE_HINTS]: hints } = annotations;
  if (mode === undefined || hints === undefined || mode === hints) return [];
  const at = METADATA.child('annotations').key(TOPOLOGY_MODE);
  return [invalid(at, mode, `must match annotations[${TOPOLOGY_AWARE_HINTS}] when both are specified`)];
}

function typeRules({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.type === 'LoadBalancer' && isHeadless({ spec }))
    errors.push(invalid(SPEC.child('clusterIPs').index(0), clusterIPsOf(spec)[0], "may not be set to 'None' for LoadBalancer services"));
  if (spec.type === 'NodePort' && isHeadless({ spec }))
    errors.push(invalid(SPEC.child('clusterIPs').index(0), clusterIPsOf(spec)[0], "may not be set to 'None' for NodePort services"));
  if (spec.type === 'ExternalName') {
    const name = (spec.externalName ?? '').replace(/\.$/, '');
    if (name) checkDNS1123Subdomain(name, SPEC.child('externalName'), errors);
    else errors.push(required(SPEC.child('externalName')));
  }
  return errors;
}

function portRules(service: Service): FieldError[] {
  const { spec } = service;
  const ports = spec.ports ?? [];
  const names = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, port] of ports.entries()) {
    const at = SPEC.child('ports').index(i);
    if (ports.length > 1 && !port.name) errors.push(required(at.child('name')));
    else if (port.name) {
      check(isDNS1123Label, port.name, at.child('name'), errors);
      if (names.has(port.name)) errors.push(duplicate(at.child('name'), port.name));
      else names.add(port.name);
    }
    for (const wrong of isValidPortNum(port.port ?? 0)) errors.push(invalid(at.child('port'), port.port ?? 0, wrong));
    if (!port.protocol) errors.push(required(at.child('protocol')));
    else if (!PROTOCOLS.includes(port.protocol)) errors.push(notSupported(at.child('protocol'), port.protocol, PROTOCOLS));
    errors.push(...targetPort(port, at.child('targetPort')));
    if (port.appProtocol !== undefined) check(isQualifiedName, port.appProtocol, at.child('appProtocol'), errors);
  }
  return errors;
}

function targetPort({ targetPort: target = 0 }: ServicePort, at: Path): FieldError[] {
  const wrong = typeof target === 'number' ? isValidPortNum(target) : isValidPortName(target);
  return wrong.map((message) => invalid(at, target, message));
}

function duplicatePorts({ ports = [] }: ServiceSpec): FieldError[] {
  const seen = new Set<string>();
  return ports.flatMap(({ protocol = '', port }, i) => {
    const key = `${protocol}/${port}`;
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    // the two fields that make it the same, in the internal type that has no JSON names
    const printed = `{"Name":"","Protocol":${JSON.stringify(protocol)},"AppProtocol":null,"Port":${port},"TargetPort":0,"NodePort":0}`;
    return [duplicate(SPEC.child('ports').index(i), new Printed(printed))];
  });
}

function nodePortRules({ type, ports = [] }: ServiceSpec): FieldError[] {
  const [unused, twice]: [FieldError[], FieldError[]] = [[], []];
  const seen = new Set<string>();
  for (const [i, { nodePort = 0, protocol = '' }] of ports.entries()) {
    const at = SPEC.child('ports').index(i).child('nodePort');
    if (nodePort === 0) continue;
    if (type === 'ClusterIP') unused.push(forbidden(at, "may not be used when `type` is 'ClusterIP'"));
    const key = `${protocol}/${nodePort}`;
    if (seen.has(key)) twice.push(duplicate(at, nodePort));
    seen.add(key);
  }
  return [...unused, ...twice];
}

function affinityConfig({ sessionAffinity, sessionAffinityConfig }: ServiceSpec): FieldError[] {
  const at = SPEC.child('sessionAffinityConfig');
  if (sessionAffinity === 'None' && sessionAffinityConfig !== undefined)
    return [forbidden(at, 'must not be set when session affinity is None')];
  if (sessionAffinity !== 'ClientIP') return [];
  const timeout = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (sessionAffinityConfig === undefined) return [required(at, 'when session affinity type is ClientIP')];
  if (sessionAffinityConfig.clientIP === undefined) return [required(at.child('clientIP'), 'when session affinity type is ClientIP')];
  const field = at.child('clientIP').child('timeoutSeconds');
  if (timeout === undefined) return [required(field, 'when session affinity type is ClientIP')];
  return timeout <= 0 || timeout > MAX_AFFINITY_SECONDS
    ? [invalid(field, timeout, `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`)]
    : [];
}

function externalIPs({ externalIPs: ips = [] }: ServiceSpec, old: Service | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const known = old?.spec.externalIPs ?? [];
  for (const [i, ip] of ips.entries()) {
    const at = SPEC.child('externalIPs').index(i);
    if (known.includes(ip)) continue;
    const wrong = isValidIP(ip);
    for (const message of wrong) errors.push(invalid(at, ip, message));
    if (wrong.length === 0) errors.push(...unusableIP(ip, at));
  }
  return errors;
}

/** Addresses that no packet from outside could have. */
function unusableIP(ip: string, at: Path): FieldError[] {
  if (ip === '0.0.0.0' || ip === '::') return [invalid(at, ip, `may not be unspecified (${ip})`)];
  if (ip.startsWith('127.') || ip === '::1') return [invalid(at, ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)')];
  if (ip.startsWith('169.254.') || /^fe[89ab]/i.test(ip))
    return [invalid(at, ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)')];
  if (ip.startsWith('224.0.0.') || /^ff02:/i.test(ip))
    return [invalid(at, ip, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)')];
  return [];
}

function loadBalancerRules(service: Service, old: Service | undefined): FieldError[] {
  const { spec, metadata } = service;
  const errors: FieldError[] = [];
  const ranges = spec.loadBalancerSourceRanges;
  if (ranges?.length) {
    // the field is misspelt upstream
    const at = SPEC.child('LoadBalancerSourceRanges');
    if (spec.type !== 'LoadBalancer') errors.push(forbidden(at, "may only be used when `type` is 'LoadBalancer'"));
    const known = (old?.spec.loadBalancerSourceRanges ?? []).map((range) => range.trim());
    for (const [i, range] of ranges.map((text) => text.trim()).entries())
      if (!known.includes(range)) check(isValidCIDR, range, at.index(i), errors);
  } else if (metadata.annotations?.[SOURCE_RANGES] !== undefined) {
    const at = METADATA.child('annotations').key(SOURCE_RANGES);
    if (spec.type !== 'LoadBalancer') errors.push(forbidden(at, "may only be used when `type` is 'LoadBalancer'"));
    const text = metadata.annotations[SOURCE_RANGES];
    if (text.trim() && text !== old?.metadata.annotations?.[SOURCE_RANGES])
      for (const range of text.split(',')) check(isValidCIDR, range.trim(), at, errors);
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer')
    errors.push(forbidden(SPEC.child('allocateLoadBalancerNodePorts'), "may only be used when `type` is 'LoadBalancer'"));
  if (spec.allocateLoadBalancerNodePorts === undefined && spec.type === 'LoadBalancer')
    errors.push(required(Path.of('allocateLoadBalancerNodePorts')));
  errors.push(...loadBalancerClass(service, undefined));
  return errors;
}

function loadBalancerClass({ spec }: Service, old: Service | undefined): FieldError[] {
  const at = SPEC.child('loadBalancerClass');
  const own = spec.loadBalancerClass;
  const errors: FieldError[] = [];
  // set when the type becomes LoadBalancer, and fixed from then on
  if (old?.spec.type === 'LoadBalancer' && spec.type === 'LoadBalancer' && own !== old.spec.loadBalancerClass)
    errors.push(invalid(at, own ?? null, 'may not change once set'));
  if (own === undefined) return errors;
  if (spec.type !== 'LoadBalancer') errors.push(forbidden(at, "may only be used when `type` is 'LoadBalancer'"));
  else check(isQualifiedName, own, at, errors);
  return errors;
}

function trafficRules(service: Service): FieldError[] {
  const { spec } = service;
  const errors: FieldError[] = [];
  const external = SPEC.child('externalTrafficPolicy');
  if (isExternallyAccessible(service)) {
    if (!spec.externalTrafficPolicy) {
      if (mayHaveNodePorts(service)) errors.push(required(external));
    } else if (!POLICIES.includes(spec.externalTrafficPolicy)) errors.push(notSupported(external, spec.externalTrafficPolicy, POLICIES));
  } else if (spec.externalTrafficPolicy)
    errors.push(invalid(external, spec.externalTrafficPolicy, 'may only be set for externally-accessible services'));
  const health = SPEC.child('healthCheckNodePort');
  if (!needsHealthCheckNodePort(service) && spec.healthCheckNodePort)
    errors.push(
      invalid(health, spec.healthCheckNodePort, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"),
    );
  if (needsHealthCheckNodePort(service) && spec.healthCheckNodePort)
    for (const wrong of isValidPortNum(spec.healthCheckNodePort)) errors.push(invalid(health, spec.healthCheckNodePort, wrong));
  const internal = SPEC.child('internalTrafficPolicy');
  if (needsInternalTrafficPolicy(service)) {
    if (spec.internalTrafficPolicy === undefined) errors.push(required(internal));
    else if (!POLICIES.includes(spec.internalTrafficPolicy)) errors.push(notSupported(internal, spec.internalTrafficPolicy, POLICIES));
  }
  if (spec.trafficDistribution !== undefined && !DISTRIBUTIONS.includes(spec.trafficDistribution))
    errors.push(notSupported(SPEC.child('trafficDistribution'), spec.trafficDistribution, DISTRIBUTIONS));
  return errors;
}

export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(service.metadata, old.metadata, METADATA);
  errors.push(...addressesStay(service, old), ...familiesStay(service, old));
  const had = needsHealthCheckNodePort(old) && needsHealthCheckNodePort(service);
  if (had && service.spec.healthCheckNodePort !== old.spec.healthCheckNodePort)
    errors.push(forbidden(SPEC.child('healthCheckNodePort'), 'field is immutable'));
  // checked here with the old one, and once more as a part of the service
  errors.push(...loadBalancerClass(service, old));
  return [...errors, ...allButMetadata(service, old)];
}

/** The first address is for good, and so is the second until the policy gives it up. */
function addressesStay(service: Service, old: Service): FieldError[] {
  if (service.spec.type === 'ExternalName' || old.spec.type === 'ExternalName') return [];
  if (isHeadless(service) && isHeadless(old)) return [];
  const [before, after] = [clusterIPsOf(old.spec), clusterIPsOf(service.spec)];
  const at = SPEC.child('clusterIPs');
  const change = (i: number): FieldError[] => (before[i] === after[i] ? [] : [invalid(at.index(i), after, 'may not change once set')]);
  if (before.length === after.length) return before.flatMap((_, i) => change(i));
  if (after.length === 0) return [invalid(at.index(0), after, 'primary clusterIP can not be unset')];
  const errors = before.length > 0 ? change(0) : [];
  const { ipFamilyPolicy } = service.spec;
  if (before.length > after.length && after.length === 1 && ipFamilyPolicy !== 'SingleStack')
    errors.push(
      invalid(SPEC.child('ipFamilyPolicy'), ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary clusterIP"),
    );
  return errors;
}

/** Only a headless Service changes its families. */
function familiesStay(service: Service, old: Service): FieldError[] {
  if (service.spec.type === 'ExternalName' || old.spec.type === 'ExternalName') return [];
  if (isHeadless(service) || isHeadless(old)) return [];
  const [before, after] = [old.spec.ipFamilies ?? [], service.spec.ipFamilies ?? []];
  const at = SPEC.child('ipFamilies').index(0);
  const fixed = 'may not change once set';
  if (before.length === after.length) return before.flatMap((family, i) => (family === after[i] ? [] : [invalid(at, after, fixed)]));
  const errors: FieldError[] = [];
  const isReleased = before.length > after.length;
  if (isReleased && clusterIPsOf(service.spec).length === 0) errors.push(invalid(at, after, 'primary ipFamily can not be unset'));
  // where their number changes too, it is the addresses that are shown
  if (before.length && after.length && before[0] !== after[0]) errors.push(invalid(at, clusterIPsOf(service.spec), fixed));
  const { ipFamilyPolicy } = service.spec;
  if (isReleased && after.length === 1 && ipFamilyPolicy !== 'SingleStack')
    errors.push(
      invalid(SPEC.child('ipFamilyPolicy'), ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary ipFamily"),
    );
  return errors;
}

export function validateServiceStatusUpdate(service: Service, old: Service): FieldError[] {
  return [
    ...validateCoreObjectMetaUpdate(service.metadata, old.metadata, METADATA),
    ...loadBalancerStatus(service.status ?? {}, service.spec),
  ];
}

function loadBalancerStatus({ loadBalancer }: ServiceStatus, { type }: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const at = Path.of('status', 'loadBalancer', 'ingress');
  const ingress = loadBalancer?.ingress ?? [];
  if (type !== 'LoadBalancer' && ingress.length) return [forbidden(at, 'may only be used when `spec.type` is "LoadBalancer"')];
  for (const [i, { ip, hostname, ipMode }] of ingress.entries()) {
    const field = at.index(i);
    if (ip) for (const wrong of isValidIP(ip)) errors.push(invalid(field.child('ip'), ip, wrong));
    if (ip && ipMode === undefined) errors.push(required(field.child('ipMode'), 'must be specified when `ip` is set'));
    if (!ip && ipMode !== undefined) errors.push(forbidden(field.child('ipMode'), 'may not be specified when `ip` is not set'));
    if (ipMode !== undefined && ipMode !== 'VIP' && ipMode !== 'Proxy')
      errors.push(notSupported(field.child('ipMode'), ipMode, ['Proxy', 'VIP']));
    if (hostname) {
      for (const wrong of isDNS1123Subdomain(hostname)) errors.push(invalid(field.child('hostname'), hostname, wrong));
      if (isValidIP(hostname).length === 0 || isIPv6(hostname))
        errors.push(invalid(field.child('hostname'), hostname, 'must be a DNS name, not an IP address'));
    }
  }
  return errors;
}

const LEADING_ZEROS = 'must not have leading 0s';

const withoutZeros = (ip: string): string => ip.split('.').map(Number).join('.');

/** Told at each write. */
export function serviceWarnings({ metadata, spec }: Service): string[] {
  const warnings: string[] = [];
  if (spec.externalIPs?.length) warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  if (spec.type !== 'ExternalName' && spec.clusterIP === HEADLESS) {
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services');
    if (spec.externalIPs?.length) warnings.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity && spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services');
  }
  if (spec.externalName && spec.type !== 'ExternalName') warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.loadBalancerIP && isValidIP(spec.loadBalancerIP)[0] === LEADING_ZEROS)
    warnings.push(
      `spec.loadBalancerIP: non-standard IP address ${JSON.stringify(spec.loadBalancerIP)} is invalid: use ${JSON.stringify(withoutZeros(spec.loadBalancerIP))}`,
    );
  if (metadata.annotations?.[TOPOLOGY_AWARE_HINTS] !== undefined)
    warnings.push(`annotation ${TOPOLOGY_AWARE_HINTS} is deprecated, please use ${TOPOLOGY_MODE} instead`);
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return warnings;
}
