// ResourceQuotas: what a new object would use is counted before it is made, in the status of every quota that is about it; when that is
// too much, the object is refused. Follows plugin/pkg/admission/resourcequota of k8s.io/apiserver.
import type { Container, Pod, ResourceQuota } from '#api/core/v1';
import { addAmounts, amountsOf, type Amounts } from '../../../apimachinery/core/pod-resources.ts';
import { groupResource, type KubernetesObject } from '../../../apimachinery/object.ts';
import { compareQuantities, parseQuantity, subtractQuantities, type Quantity } from '../../../apimachinery/quantity.ts';
import { hasScopes, inScope, usageOf } from '../../../apimachinery/quota.ts';
import { conflict } from '../../../apimachinery/status-error.ts';
import type { Clock } from '../../../apimachinery/clock.ts';
import type { Entry, Store } from '../../storage/store.ts';
import { withRevision } from '../generic/object-store.ts';
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from './admission.ts';

const MAX_ATTEMPTS = 10;
/** Of what is there already, only these can come to use more. */
const GROWING = ['services', 'persistentvolumeclaims'];

export function resourceQuota(store: Store, clock: Clock): AdmissionPlugin {
  return {
    name: 'ResourceQuota',
    operations: ['CREATE', 'UPDATE'],
    validate(attributes) {
      const { namespace, subresource, operation, resource, object } = attributes;
      if (!namespace || subresource || !object) return;
      const name = groupResource(resource.group, resource.resource);
      if (operation === 'UPDATE' && !GROWING.includes(name)) return;
      return charge(attributes, name, store, clock);
    },
  };
}

async function charge(attributes: AdmissionAttributes, resource: string, store: Store, clock: Clock): Promise<void> {
  const found = await store.list(`/registry/resourcequotas/${attributes.namespace}/`);
  if (!found.ok) throw new Error(`quotas of ${attributes.namespace} cannot be read: ${found.reason}`);
  if (found.entries.length === 0) return;
  const object = attributes.object as unknown as KubernetesObject;
  const usage = usageOf(resource, object, clock.now());
  const before = attributes.old ? usageOf(resource, attributes.old, clock.now()) : new Map<string, Quantity>();
  const about = found.entries.filter((entry) => isAboutObject(quotaOf(entry), resource, object, usage));
  for (const entry of about) checkNames(attributes, quotaOf(entry), resource, object);
  const delta = increase(usage, before);
  if (delta.size === 0) return;
  // all are judged before the first is charged
  const next = about.map((entry) => ({ entry, quota: charged(attributes, quotaOf(entry), delta) }));
  if (attributes.dryRun) return;
  for (const { entry, quota } of next) if (quota) await write(attributes, entry, quota, delta, store);
}

const quotaOf = (entry: Entry): ResourceQuota => entry.value as unknown as ResourceQuota;

/** What the quota controller has seen of the quota counts: nothing is bounded by a quota that it has not looked at yet. */
const boundedNames = ({ status }: ResourceQuota, usage: Amounts): string[] =>
  Object.keys(status?.hard ?? {}).filter((name) => usage.has(name));

function isAboutObject(quota: ResourceQuota, resource: string, object: KubernetesObject, usage: Amounts): boolean {
  if (hasScopes(quota) && (resource !== 'pods' || !inScope(quota, object as unknown as Pod))) return false;
  return resource === 'pods'
    ? computeNames(quota).length > 0 || boundedNames(quota, usage).length > 0
    : boundedNames(quota, usage).length > 0;
}

const COMPUTE = /^(?:(?:requests|limits)\.)?(?:cpu|memory)$/;
const computeNames = ({ status }: ResourceQuota): string[] => Object.keys(status?.hard ?? {}).filter((name) => COMPUTE.test(name));

/** Where processors or memory are counted, every container must say what it asks for. */
function checkNames(attributes: AdmissionAttributes, quota: ResourceQuota, resource: string, object: KubernetesObject): void {
  if (resource !== 'pods' || attributes.operation !== 'CREATE') return;
  const { spec } = object as unknown as Pod;
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const says = ({ resources = {} }: Container, name: string): boolean => {
    const plain = name.replace(/^(?:requests|limits)\./, '');
    return (name.startsWith('limits.') ? resources.limits : resources.requests)?.[plain] !== undefined;
  };
  const missing = computeNames(quota)
    .sort()
    .map((name) => ({ name, of: all.filter((container) => !says(container, name)).map((c) => c.name) }))
    .filter(({ of }) => of.length > 0)
    .map(({ name, of }) => `${name} for: ${[...of].sort().join(',')}`);
  if (missing.length) throw refusal(attributes, `failed quota: ${quota.metadata.name}: must specify ${missing.join('; ')}`);
}

/** What is more than it was; what is less is the quota controller's affair. */
function increase(usage: Amounts, before: Amounts): Amounts {
  const delta = new Map<string, Quantity>();
  for (const [name, amount] of usage) {
    const old = before.get(name);
    const more = old ? subtractQuantities(amount, old) : amount;
    if (more.unscaled > 0n) delta.set(name, more);
  }
  return delta;
}

/** The quota with the new object in it; undefined where it counts nothing of it. Throws a StatusError where it is too much. */
function charged(attributes: AdmissionAttributes, quota: ResourceQuota, delta: Amounts): ResourceQuota | undefined {
  const { status = {}, metadata } = quota;
  const names = boundedNames(quota, delta).sort();
  if (names.length === 0) return undefined;
  const unknown = names.filter((name) => status.used?.[name] === undefined);
  if (unknown.length) throw refusal(attributes, `status unknown for quota: ${metadata.name}, resources: ${unknown.join(',')}`);
  const used = new Map(amountsOf(status.used));
  const total = new Map(used);
  addAmounts(total, new Map(names.map((name) => [name, delta.get(name)!])));
  const exceeded = names.filter((name) => compareQuantities(total.get(name)!, parseQuantity(status.hard![name]!)) > 0);
  if (exceeded.length) {
    const told = (amount: (name: string) => string): string => exceeded.map((name) => `${name}=${amount(name)}`).join(',');
    const requested = told((name) => delta.get(name)!.text);
    const now = told((name) => status.used![name]!);
    throw refusal(
      attributes,
      `exceeded quota: ${metadata.name}, requested: ${requested}, used: ${now}, limited: ${told((name) => status.hard![name]!)}`,
    );
  }
  const next = Object.fromEntries(names.map((name) => [name, total.get(name)!.text]));
  return { ...quota, status: { ...status, used: { ...status.used, ...next } } };
}

/** Others charge the same quota: whoever comes second counts anew. */
async function write(attributes: AdmissionAttributes, first: Entry, quota: ResourceQuota, delta: Amounts, store: Store): Promise<void> {
  let entry = first;
  let wanted: ResourceQuota | undefined = quota;
  for (let attempt = 0; attempt < MAX_ATTEMPTS && wanted; attempt++) {
    const next = wanted as unknown as KubernetesObject;
    const result = await store.update(entry.key, entry.modRevision, (revision) => withRevision(next, revision));
    if (result.ok || !result.current) return;
    entry = result.current;
    wanted = charged(attributes, quotaOf(entry), delta);
  }
  if (wanted) throw conflict({ group: '', resource: 'resourcequotas' }, quota.metadata.name ?? '', 'too many writers charge the quota');
}
