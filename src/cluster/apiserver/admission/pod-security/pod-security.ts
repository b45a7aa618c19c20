// A namespace says by labels how much its pods may do: those that do more are refused, and their workloads warned of. Follows
// admission/admission.go of k8s.io/pod-security-admission. Nobody is exempt, as where no configuration says so.
import type { Container, Namespace, Pod, PodSpec, PodTemplateSpec } from '#api/core/v1';
import type { ObjectMeta } from '#api/meta/v1';
import { internalServerError, invalidError } from '../../../../apimachinery/status-error.ts';
import type { Store } from '../../../storage/store.ts';
import { isAbout, listAll, refusal, type AdmissionAttributes, type AdmissionPlugin } from '../admission.ts';
import { podToCheck, type Violation } from './check.ts';
import { detailsOf, isStricter, nameOf, policyOf, reasonsOf, violationsOf, type LevelVersion, type SecurityPolicy } from './policy.ts';

const ANNOTATION = 'pod-security.kubernetes.io/';
const MOST_PODS = 3000;
const OTHER_SUBRESOURCES = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status']);

interface Template {
  readonly metadata?: ObjectMeta;
  readonly spec: PodSpec;
}

interface WithTemplate {
  readonly template?: PodTemplateSpec;
  readonly spec?: {
    readonly template?: PodTemplateSpec;
    readonly jobTemplate?: { readonly spec?: { readonly template?: PodTemplateSpec } };
  };
}

const inSpec = ({ spec }: WithTemplate): PodTemplateSpec | undefined => spec?.template;

/** Where workloads hold what their pods are made from. */
const TEMPLATES: Readonly<Record<string, (object: WithTemplate) => PodTemplateSpec | undefined>> = {
  '/replicationcontrollers': inSpec,
  '/podtemplates': ({ template }) => template,
  'apps/replicasets': inSpec,
  'apps/deployments': inSpec,
  'apps/statefulsets': inSpec,
  'apps/daemonsets': inSpec,
  'batch/jobs': inSpec,
  'batch/cronjobs': ({ spec }) => spec?.jobTemplate?.spec?.template,
};

export function podSecurity(store: Store): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    operations: ['CREATE', 'UPDATE'],
    validate(attributes) {
      const { resource, subresource } = attributes;
      if (isAbout(attributes, '', 'namespaces')) return checkNamespace(attributes, store);
      if (resource.group === '' && resource.resource === 'pods')
        return OTHER_SUBRESOURCES.has(subresource) ? undefined : checkPod(attributes, store);
      const templateOf = subresource === '' ? TEMPLATES[`${resource.group}/${resource.resource}`] : undefined;
      return templateOf && checkWorkload(attributes, templateOf, store);
    },
  };
}

async function labelsOf(namespace: string, store: Store): Promise<Readonly<Record<string, string>> | undefined> {
  const entry = await store.get(`/registry/namespaces/${namespace}`);
  return entry && ((entry.value as unknown as Namespace).metadata?.labels ?? {});
}

async function checkPod(attributes: AdmissionAttributes, store: Store): Promise<void> {
  const labels = await labelsOf(attributes.namespace, store);
  if (!labels) throw internalServerError(`failed to lookup namespace ${JSON.stringify(attributes.namespace)}`);
  const { policy, errors } = policyOf(labels);
  const { enforce, audit, warn } = policy;
  if (errors.length === 0 && [enforce, audit, warn].every(({ level }) => level === 'privileged')) return;
  const pod = attributes.object as unknown as Pod;
  if (attributes.operation === 'UPDATE' && !isSignificant(pod, attributes.old as unknown as Pod)) return;
  evaluate(attributes, policy, pod as Template, true);
}

async function checkWorkload(
  attributes: AdmissionAttributes,
  templateOf: (object: WithTemplate) => PodTemplateSpec | undefined,
  store: Store,
): Promise<void> {
  const { policy } = policyOf(await labelsOf(attributes.namespace, store));
  if (policy.warn.level === 'privileged' && policy.audit.level === 'privileged') return;
  const template = templateOf(attributes.object as unknown as WithTemplate);
  if (template?.spec) evaluate(attributes, policy, template as Template, false);
}

function evaluate(attributes: AdmissionAttributes, policy: SecurityPolicy, { metadata, spec }: Template, enforces: boolean): void {
  const pod = podToCheck(metadata, spec);
  const say = (verb: string, mode: LevelVersion, found: readonly Violation[]): string =>
    `${verb} PodSecurity ${JSON.stringify(nameOf(mode))}: ${detailsOf(found)}`;
  if (enforces) attributes.annotate?.(`${ANNOTATION}enforce-policy`, nameOf(policy.enforce));
  const audited = violationsOf(policy.audit, pod);
  if (audited.length > 0) attributes.annotate?.(`${ANNOTATION}audit-violations`, say('would violate', policy.audit, audited));
  const refused = enforces ? violationsOf(policy.enforce, pod) : [];
  if (refused.length > 0) throw refusal(attributes, say('violates', policy.enforce, refused));
  const warned = violationsOf(policy.warn, pod);
  if (warned.length > 0) attributes.warn(say('would violate', policy.warn, warned));
}

/** Of what may change of a pod, only images and debug containers matter to the levels. */
function isSignificant({ spec }: Pod, { spec: before }: Pod): boolean {
  const differ = (now: readonly Container[] = [], then: readonly Container[] = []): boolean =>
    now.length !== then.length || now.some(({ image }, i) => image !== then[i]!.image);
  if (differ(spec?.containers, before?.containers) || differ(spec?.initContainers, before?.initContainers)) return true;
  return (spec?.ephemeralContainers ?? []).some(
    ({ name, image }) => !before?.ephemeralContainers?.some((old) => old.name === name && old.image === image),
  );
}

async function checkNamespace(attributes: AdmissionAttributes, store: Store): Promise<void> {
  const { object, old } = attributes;
  const now = policyOf(object?.metadata.labels);
  const before = old && policyOf(old.metadata.labels);
  // what was wrong before may stay wrong
  if (now.errors.length > 0 && JSON.stringify(before?.errors) !== JSON.stringify(now.errors))
    throw invalidError({ group: '', kind: 'Namespace' }, object?.metadata.name ?? '', now.errors);
  if (!before) return;
  const { enforce } = now.policy;
  const was = before.policy.enforce;
  if (nameOf(enforce) === nameOf(was) || enforce.level === 'privileged') return;
  if (enforce.version === was.version && !isStricter(enforce, was)) return;
  for (const warning of await existingViolations(object?.metadata.name ?? '', enforce, store)) attributes.warn(warning);
}

/** What is there already and would be refused from now on. */
async function existingViolations(namespace: string, enforce: LevelVersion, store: Store): Promise<string[]> {
  const pods = mostTelling(await listAll<Pod>(store, `/registry/pods/${namespace}/`));
  const found = new Map<string, { first: string; count: number }>();
  for (const { metadata, spec } of pods.slice(0, MOST_PODS)) {
    const violations = spec ? violationsOf(enforce, podToCheck(metadata, spec)) : [];
    if (violations.length === 0) continue;
    const reasons = reasonsOf(violations);
    const name = metadata?.name ?? '';
    const same = found.get(reasons);
    found.set(reasons, { first: same && same.first < name ? same.first : name, count: (same?.count ?? 0) + 1 });
  }
  const warnings: string[] = [];
  if (pods.length > MOST_PODS)
    warnings.push(`new PodSecurity enforce level only checked against the first ${MOST_PODS} of ${pods.length} existing pods`);
  if (found.size > 0)
    warnings.push(
      `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level ${JSON.stringify(nameOf(enforce))}`,
    );
  const each = [...found].map(([reasons, { first, count }]) => `${first}${others(count - 1)}: ${reasons}`);
  return [...warnings, ...each.toSorted((a, b) => (a < b ? -1 : 1))];
}

const others = (count: number): string => (count === 0 ? '' : ` (and ${count} other pod${count === 1 ? '' : 's'})`);

/** One pod of each controller comes before the others of it. */
function mostTelling(pods: readonly Pod[]): Pod[] {
  const seen = new Set<string>();
  const first: Pod[] = [];
  const rest: Pod[] = [];
  for (const pod of pods) {
    const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller)?.uid;
    (owner !== undefined && seen.has(owner) ? rest : first).push(pod);
    if (owner !== undefined) seen.add(owner);
  }
  return [...first, ...rest];
}
