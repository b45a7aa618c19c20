// Which requests a policy or a webhook is about: rules, selectors of namespaces and of objects, and the same resource in another version
// or group. Follows pkg/admission/plugin/policy/matching and webhook/predicates of k8s.io/apiserver.
import type { LabelSelector as LabelSelectorSpec } from '#api/meta/v1';
import type { MatchResources, NamedRuleWithOperations, RuleWithOperations } from '#api/admissionregistration/v1';
import type { Namespace } from '#api/core/v1';
import { LabelSelector } from '../../../../apimachinery/label-selector.ts';
import type { GroupVersionKind, GroupVersionResource, KubernetesObject } from '../../../../apimachinery/object.ts';
import { notFoundError } from '../../../../apimachinery/status-error.ts';
import type { Store } from '../../../storage/store.ts';
import type { ResourceCatalog, Served } from '../../generic/catalog.ts';
import type { AdmissionAttributes } from '../admission.ts';

/** The form in which whoever matched is to see the request. */
export interface Match {
  readonly resource: GroupVersionResource;
  readonly kind: GroupVersionKind;
}

const isNamespace = ({ group, resource }: GroupVersionResource): boolean => group === '' && resource === 'namespaces';

/** Configurations of admission itself are not subject to it: nobody could undo what they do. */
export const isExempt = ({ kind }: AdmissionAttributes): boolean =>
  kind.group === 'admissionregistration.k8s.io' &&
  /^(?:Validating|Mutating)(?:WebhookConfiguration|AdmissionPolicy(?:Binding)?)$/.test(kind.kind);

/** What of the world matching needs. A namespace is read once for each request. */
export class Matcher {
  private readonly store: Store;
  private readonly catalog: ResourceCatalog;

  constructor(store: Store, catalog: ResourceCatalog) {
    this.store = store;
    this.catalog = catalog;
  }

  /** The namespace of a request, unless it is about a namespace itself. Throws a StatusError where it is not there. */
  async namespaceObject(attributes: AdmissionAttributes): Promise<Namespace | undefined> {
    const { namespace, kind } = attributes;
    if (namespace === '' || (kind.group === '' && kind.kind === 'Namespace')) return undefined;
    const entry = await this.store.get(`/registry/namespaces/${namespace}`);
    if (!entry) throw notFoundError({ group: '', resource: 'namespaces' }, namespace);
    return entry.value as unknown as Namespace;
  }

  /** Undefined where it does not match. Without rules everything matches that the selectors let through. */
  async matches(attributes: AdmissionAttributes, match: MatchResources): Promise<Match | undefined> {
    if (!selectsObject(match.objectSelector, attributes)) return undefined;
    if (this.byRules(attributes, match.excludeResourceRules ?? [], match.matchPolicy)) return undefined;
    const own = { resource: attributes.resource, kind: attributes.kind };
    const rules = match.resourceRules ?? [];
    const found = rules.length === 0 ? own : this.byRules(attributes, rules, match.matchPolicy);
    return found && (await this.selectsNamespace(match.namespaceSelector, attributes)) ? found : undefined;
  }

  async selectsNamespace(selector: LabelSelectorSpec | undefined, attributes: AdmissionAttributes): Promise<boolean> {
    const { resource, subresource, operation, object, namespace, name } = attributes;
    const about = isNamespace(resource);
    if (namespace === '' && !about) return true;
    const parsed = selector ? LabelSelector.fromSpec(selector) : LabelSelector.everything;
    if (parsed.empty) return true;
    if (about && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE')) return parsed.matches(object?.metadata.labels);
    const entry = await this.store.get(`/registry/namespaces/${about ? name : namespace}`);
    if (!entry) throw notFoundError({ group: '', resource: 'namespaces' }, about ? name : namespace);
    return parsed.matches(entry.value.metadata.labels);
  }

  /** @param policy `Exact`, or `Equivalent`: also as another version or group has the resource */
  byRules(attributes: AdmissionAttributes, rules: readonly NamedRuleWithOperations[], policy: string | undefined): Match | undefined {
    const { resource, kind, name } = attributes;
    const fits = (rule: NamedRuleWithOperations, as: GroupVersionResource): boolean =>
      ruleMatches(rule, attributes, as) && (!rule.resourceNames?.length || rule.resourceNames.includes(name));
    if (rules.some((rule) => fits(rule, resource))) return { resource, kind };
    if (policy !== 'Equivalent' || rules.length === 0) return undefined;
    const equivalents = this.equivalents(attributes);
    for (const rule of rules)
      for (const { definition, version } of equivalents) {
        const as = { group: definition.group, version: version.version, resource: definition.resource };
        if (!fits(rule, as)) continue;
        const sub = definition.subresources[attributes.subresource]?.kind;
        return { resource: as, kind: sub ?? { group: definition.group, version: version.version, kind: version.kind } };
      }
    return undefined;
  }

  /** The resource as others of its versions and groups have it. */
  private equivalents({ resource: { group, version, resource }, subresource }: AdmissionAttributes): readonly Served[] {
    const own = this.catalog.find(group, version, resource);
    if (!own) return [];
    return this.catalog
      .served()
      .filter(
        (other) =>
          other !== own &&
          other.definition.storagePath === own.definition.storagePath &&
          (subresource === '' || other.definition.subresources[subresource] !== undefined),
      );
  }
}

/** Either object may have the labels. */
export function selectsObject(selector: LabelSelectorSpec | undefined, { object, old }: AdmissionAttributes): boolean {
  const parsed = selector ? LabelSelector.fromSpec(selector) : LabelSelector.everything;
  if (parsed.empty) return true;
  const matches = (one: Pick<KubernetesObject, 'metadata'> | undefined): boolean =>
    one !== undefined && parsed.matches((one.metadata.labels as Record<string, string> | undefined) ?? {});
  return matches(object as Pick<KubernetesObject, 'metadata'> | undefined) || matches(old);
}

const exactOrAny = (items: readonly string[] | undefined, wanted: string): boolean =>
  (items ?? []).some((item) => item === '*' || item === wanted);

export function ruleMatches(rule: RuleWithOperations, attributes: AdmissionAttributes, as: GroupVersionResource): boolean {
  const { namespace, operation, subresource } = attributes;
  const clusterScoped = isNamespace(as) || namespace === '';
  if (rule.scope === 'Namespaced' && clusterScoped) return false;
  if (rule.scope === 'Cluster' && !clusterScoped) return false;
  return (
    exactOrAny(rule.operations, operation) &&
    exactOrAny(rule.apiGroups, as.group) &&
    exactOrAny(rule.apiVersions, as.version) &&
    (rule.resources ?? []).some((text) => {
      const [resource, sub = ''] = text.split('/', 2) as [string, string?];
      return (resource === '*' || resource === as.resource) && (sub === '*' || sub === subresource);
    })
  );
}
