// What objects refer to by name, and which of that is not there. Pure: asks one snapshot.
import type { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from '#api/admissionregistration/v1';
import type { ClusterRoleBinding, RoleBinding } from '#api/rbac/v1';
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2';
import type { Ingress, IngressBackend } from '#api/networking/v1';
import type { PersistentVolumeClaim, PodSpec, Service } from '#api/core/v1';
import type { StatefulSet } from '#api/apps/v1';
import { LabelSelector, type Labels } from '../../apimachinery/label-selector.ts';
import { parseKind, splitApiVersion } from '../../apimachinery/object.ts';
import { idOf, resourceKey, resourceText, type ResourceId } from '../plan/resource-id.ts';
import { configUses, contentOf } from './config-uses.ts';
import type { Snapshot } from './snapshot.ts';
import type { Workload } from './workloads.ts';

export interface Dangling {
  readonly from: ResourceId;
  /** As Kubernetes writes it. */
  readonly path: string;
  /** What is missing, for people: `Secret shop/token`, `key TOKEN of Secret shop/api`. */
  readonly missing: string;
  /** Pods cannot start without it. */
  readonly blocksPods: boolean;
  /** The API server refuses requests without it. */
  readonly failsRequests?: true;
}

/** Two references that are the same at two moments. */
export const danglingKey = ({ from, missing }: Dangling): string => `${resourceKey(from)} ${missing}`;

export function danglingReferences(snapshot: Snapshot, workloads: ReadonlyMap<string, Workload>): readonly Dangling[] {
  const labels = podLabels(snapshot, workloads);
  return [
    ...[...workloads.values()].flatMap((workload) => ofPods(snapshot, workload)),
    ...snapshot.of('v1/PersistentVolumeClaim').flatMap((claim) => ofClaim(snapshot, claim)),
    ...snapshot.of('networking.k8s.io/v1/Ingress').flatMap((ingress) => ofIngress(snapshot, ingress)),
    ...snapshot.of('autoscaling/v2/HorizontalPodAutoscaler').flatMap((autoscaler) => ofAutoscaler(snapshot, autoscaler)),
    ...snapshot.of('v1/Service').flatMap((service) => ofService(labels, service)),
    ...[
      ...snapshot.of('rbac.authorization.k8s.io/v1/RoleBinding'),
      ...snapshot.of('rbac.authorization.k8s.io/v1/ClusterRoleBinding'),
    ].flatMap((binding) => ofBinding(snapshot, binding)),
    ...snapshot
      .of('admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration')
      .flatMap((configuration) => ofWebhooks(snapshot, configuration)),
    ...snapshot
      .of('admissionregistration.k8s.io/v1/MutatingWebhookConfiguration')
      .flatMap((configuration) => ofWebhooks(snapshot, configuration)),
  ];
}

/** Where the pods of a workload are described. */
export function podSpecPath({ kind }: ResourceId): string {
  if (kind === 'Pod') return 'spec';
  return kind === 'CronJob' ? 'spec.jobTemplate.spec.template.spec' : 'spec.template.spec';
}

function ofPods(snapshot: Snapshot, { id, object, template }: Workload): Dangling[] {
  const { namespace } = id;
  const spec = template.spec as PodSpec;
  const at = podSpecPath(id);
  const found = [...missingConfig(snapshot, namespace, spec)].map(({ path, missing, blocksPods }) => ({
    from: id,
    path: `${at}.${path}`,
    missing,
    blocksPods,
  }));
  const need = (path: string, kind: string, name: string | undefined, scope = namespace): void => {
    if (name && !snapshot.get(kind, scope, name))
      found.push({
        from: id,
        path: `${at}.${path}`,
        missing: `${parseKind(kind).kind} ${scope ? `${scope}/` : ''}${name}`,
        blocksPods: true,
      });
  };
  need('serviceAccountName', 'v1/ServiceAccount', spec.serviceAccountName);
  need('priorityClassName', 'scheduling.k8s.io/v1/PriorityClass', spec.priorityClassName, '');
  need('runtimeClassName', 'node.k8s.io/v1/RuntimeClass', spec.runtimeClassName, '');
  for (const { name, persistentVolumeClaim } of spec.volumes ?? [])
    need(`volumes[name="${name}"].persistentVolumeClaim.claimName`, 'v1/PersistentVolumeClaim', persistentVolumeClaim?.claimName);
  for (const [i, { spec: claim }] of ((object as unknown as StatefulSet).spec.volumeClaimTemplates ?? []).entries())
    found.push(...ofClass(snapshot, id, `spec.volumeClaimTemplates[${i}].spec.storageClassName`, claim?.storageClassName));
  return found;
}

/** ConfigMaps and Secrets, or keys of them, without which the pods do not start. */
export function* missingConfig(snapshot: Snapshot, namespace: string, spec: PodSpec): Iterable<Omit<Dangling, 'from'>> {
  for (const { kind, name, keys, optional, path } of configUses(spec)) {
    if (optional) continue;
    const what = `${kind} ${namespace}/${name}`;
    const object = snapshot.get(`v1/${kind}`, namespace, name);
    if (!object) yield { path, missing: what, blocksPods: true };
    else for (const key of keys ?? []) if (!contentOf(object).has(key)) yield { path, missing: `key ${key} of ${what}`, blocksPods: true };
  }
}

const ofClass = (snapshot: Snapshot, from: ResourceId, path: string, name: string | undefined): Dangling[] =>
  name && !snapshot.get('storage.k8s.io/v1/StorageClass', '', name)
    ? [{ from, path, missing: `StorageClass ${name}`, blocksPods: true }]
    : [];

/** A claim that has its volume needs its class no more. */
const ofClaim = (snapshot: Snapshot, claim: PersistentVolumeClaim): Dangling[] =>
  claim.spec?.volumeName ? [] : ofClass(snapshot, idOf(claim), 'spec.storageClassName', claim.spec?.storageClassName);

function ofIngress(snapshot: Snapshot, ingress: Ingress): Dangling[] {
  const from = idOf(ingress);
  const { namespace } = from;
  const backend = (path: string, { service }: IngressBackend): Dangling[] => {
    if (!service) return [];
    const there = snapshot.get('v1/Service', namespace, service.name) as Service | undefined;
    if (!there) return [{ from, path: `${path}.service.name`, missing: `Service ${namespace}/${service.name}`, blocksPods: false }];
    const { number, name } = service.port ?? {};
    if (there.spec?.ports?.some((port) => (name ? port.name === name : port.port === number)) ?? there.spec?.type === 'ExternalName')
      return [];
    return [
      { from, path: `${path}.service.port`, missing: `port ${name ?? number} of Service ${namespace}/${service.name}`, blocksPods: false },
    ];
  };
  const { defaultBackend, rules = [], tls = [] } = ingress.spec ?? {};
  return [
    ...(defaultBackend ? backend('spec.defaultBackend', defaultBackend) : []),
    ...rules.flatMap(({ http }, i) =>
      (http?.paths ?? []).flatMap((path, j) => backend(`spec.rules[${i}].http.paths[${j}].backend`, path.backend)),
    ),
    ...tls.flatMap(({ secretName }, i) => {
      if (!secretName || isIssued(ingress) || snapshot.get('v1/Secret', namespace, secretName)) return [];
      return [{ from, path: `spec.tls[${i}].secretName`, missing: `Secret ${namespace}/${secretName}`, blocksPods: false }];
    }),
  ];
}

/** Somebody else makes its certificate's Secret. */
const isIssued = ({ metadata }: Ingress): boolean =>
  Object.keys(metadata.annotations ?? {}).some((key) => key.startsWith('cert-manager.io/') || key === 'kubernetes.io/tls-acme');

function ofAutoscaler(snapshot: Snapshot, autoscaler: HorizontalPodAutoscaler): Dangling[] {
  const from = idOf(autoscaler);
  const { apiVersion = '', kind, name } = autoscaler.spec!.scaleTargetRef;
  const { group } = splitApiVersion(apiVersion);
  const target = { group, version: '', kind, namespace: from.namespace, name };
  // of kinds that nobody has here nothing can be said
  if (!snapshot.serves(`${group}/${kind}`) || snapshot.find(target)) return [];
  return [{ from, path: 'spec.scaleTargetRef.name', missing: resourceText(target), blocksPods: false }];
}

/** Webhooks without which requests fail, and whose Service is not there. */
function ofWebhooks(snapshot: Snapshot, configuration: ValidatingWebhookConfiguration | MutatingWebhookConfiguration): Dangling[] {
  const from = idOf(configuration);
  return (configuration.webhooks ?? []).flatMap(({ name, failurePolicy, clientConfig: { service } }) => {
    if (!service || failurePolicy === 'Ignore' || snapshot.get('v1/Service', service.namespace, service.name)) return [];
    const missing = `Service ${service.namespace}/${service.name}`;
    return [{ from, path: `webhooks[name="${name}"].clientConfig.service`, missing, blocksPods: false, failsRequests: true }];
  });
}

type PodLabels = ReadonlyMap<string, readonly Labels[]>;

/** By namespace: those of pod templates, and of pods. */
function podLabels(snapshot: Snapshot, workloads: ReadonlyMap<string, Workload>): PodLabels {
  const found = new Map<string, Labels[]>();
  const add = (namespace: string, labels: Labels = {}): void => {
    const known = found.get(namespace);
    if (known) known.push(labels);
    else found.set(namespace, [labels]);
  };
  for (const { id, template } of workloads.values()) add(id.namespace, template.metadata?.labels);
  for (const { metadata } of snapshot.of('v1/Pod')) add(metadata.namespace ?? '', metadata.labels);
  return found;
}

function ofService(labels: PodLabels, service: Service): Dangling[] {
  const { selector, type } = service.spec ?? {};
  if (!selector || Object.keys(selector).length === 0 || type === 'ExternalName') return [];
  const from = idOf(service);
  const wanted = LabelSelector.fromSet(selector);
  if (labels.get(from.namespace)?.some((own) => wanted.matches(own))) return [];
  return [{ from, path: 'spec.selector', missing: `any pod with ${wanted.toString()}`, blocksPods: false }];
}

function ofBinding(snapshot: Snapshot, binding: RoleBinding | ClusterRoleBinding): Dangling[] {
  const from = idOf(binding);
  const { kind, name } = binding.roleRef;
  const namespace = kind === 'Role' ? from.namespace : '';
  if (snapshot.get(`rbac.authorization.k8s.io/v1/${kind}`, namespace, name)) return [];
  return [{ from, path: 'roleRef.name', missing: `${kind} ${namespace ? `${namespace}/` : ''}${name}`, blocksPods: false }];
}
