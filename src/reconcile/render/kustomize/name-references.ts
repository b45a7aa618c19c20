// Names that changed (prefixes, suffixes, hashes, namespaces) are changed where other resources refer to them: each field that the table
// of references names is looked up among the former names. Follows kustomize's nameref filter; the lookup goes through an index.
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import type { NameReference } from './default-references.ts';
import { element, setScalar, visitField, type Field, type FieldSpec } from './field-spec.ts';
import { KustomizeError } from './kustomize-error.ts';
import { idText, isSelected, NO_NAMESPACE, type GvkSelector, type ResourceId } from './resource-id.ts';
import type { ResourceMap } from './resource-map.ts';
import { sameAffixes, text, type Resource } from './resource.ts';

interface Candidate {
  readonly resource: Resource;
  readonly id: ResourceId;
  readonly former: readonly ResourceId[];
}

interface Rule {
  readonly spec: FieldSpec;
  readonly target: GvkSelector;
}

export function fixNameReferences(map: ResourceMap, references: readonly NameReference[]): void {
  const byFormerName = new Map<string, Candidate[]>();
  const byFirstNamespace = new Map<string, Candidate[]>();
  for (const resource of map.resources) {
    const former = resource.formerIds;
    const candidate = { resource, id: resource.id, former };
    add(byFirstNamespace, (former[0] ?? candidate.id).effectiveNamespace, candidate);
    for (const name of new Set(former.map((id) => id.name))) add(byFormerName, name, candidate);
  }
  if (byFormerName.size === 0) return;
  const rules = new Map<string, readonly Rule[]>();
  for (const resource of map.resources) {
    const original = resource.originalId;
    const key = `${original.group}/${original.version}/${original.kind}`;
    let fitting = rules.get(key);
    if (!fitting) {
      fitting = references.flatMap(({ fieldSpecs, ...target }) =>
        fieldSpecs.filter((spec) => isSelected(original, spec)).map((spec) => ({ spec, target })),
      );
      rules.set(key, fitting);
    }
    if (fitting.length) new Referrer(resource, byFormerName, byFirstNamespace).fix(fitting);
  }
}

function add(index: Map<string, Candidate[]>, key: string, candidate: Candidate): void {
  const known = index.get(key);
  if (known) known.push(candidate);
  else index.set(key, [candidate]);
}

class Referrer {
  private readonly resource: Resource;
  private readonly id: ResourceId;
  private readonly byFormerName: ReadonlyMap<string, readonly Candidate[]>;
  private readonly byFirstNamespace: ReadonlyMap<string, readonly Candidate[]>;

  constructor(
    resource: Resource,
    byFormerName: ReadonlyMap<string, readonly Candidate[]>,
    byFirstNamespace: ReadonlyMap<string, readonly Candidate[]>,
  ) {
    this.byFirstNamespace = byFirstNamespace;
    this.resource = resource;
    this.id = resource.id;
    this.byFormerName = byFormerName;
  }

  fix(rules: readonly Rule[]): void {
    for (const rule of rules) visitField(this.resource, rule.spec, undefined, (field) => this.reference(field, rule));
  }

  private reference(field: Field, rule: Rule): void {
    const value = field.get();
    if (value === null || value === undefined) return;
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        const item: unknown = value[i];
        if (isObject(item)) this.byMapping(item, rule);
        else if (Array.isArray(item)) throw new KustomizeError('is expected to be either a string or a map of string');
        else this.byName(element(value, i), rule);
      }
    } else if (isObject(value)) this.byMapping(value, rule);
    else this.byName(field, rule);
  }

  private byName(field: Field, rule: Rule): void {
    const name = text(field.get());
    const referral = this.select(
      name,
      rule,
      () => true,
      (a, b) => a.name === b.name,
    );
    if (referral && referral.name !== name) setScalar(field, referral.name);
  }

  /** A mapping with `name` and perhaps `namespace`: both are changed. */
  private byMapping(node: JsonObject, rule: Rule): void {
    if (!Object.hasOwn(node, 'name')) throw new KustomizeError("path config error; no 'name' field in node");
    const name = text(node.name);
    const same = (a: Resource, b: Resource): boolean => a.name === b.name && a.namespace === b.namespace;
    const referral = this.select(name, rule, this.inNamespace(node), same);
    if (!referral || (referral.name === name && referral.namespace === '')) return;
    node.name = referral.name;
    if (referral.namespace !== '') node.namespace = referral.namespace;
  }

  /** Those of the namespace that the mapping names: by their first namespace where there are any, by their present one otherwise. */
  private inNamespace(node: JsonObject): (candidate: Candidate) => boolean {
    if (!Object.hasOwn(node, 'namespace')) return () => true;
    const namespace = text(node.namespace);
    if (namespace === NO_NAMESPACE) return () => false;
    const originally = (candidate: Candidate): boolean => candidate.former[0]!.effectiveNamespace === namespace;
    const bound = this.boundNamespaces();
    return this.byFirstNamespace.get(namespace)?.some((candidate) => this.isNear(candidate, bound))
      ? originally
      : (candidate) => candidate.id.effectiveNamespace === namespace;
  }

  /** Candidates that this resource could refer to at all. */
  private near(name: string): readonly Candidate[] {
    const found = this.byFormerName.get(name) ?? [];
    if (found.length === 0) return found;
    const bound = this.boundNamespaces();
    return found.filter((candidate) => this.isNear(candidate, bound));
  }

  private isNear({ id, resource }: Candidate, bound: ReadonlySet<string>): boolean {
    const { effectiveNamespace } = this.id;
    return (
      effectiveNamespace === NO_NAMESPACE ||
      id.effectiveNamespace === NO_NAMESPACE ||
      id.effectiveNamespace === effectiveNamespace ||
      bound.has(resource.namespace)
    );
  }

  /** The namespaces of the accounts that a RoleBinding names. */
  private boundNamespaces(): ReadonlySet<string> {
    const { kind, object } = this.resource;
    if (kind !== 'RoleBinding' || !Array.isArray(object.subjects)) return new Set();
    const accounts = object.subjects.filter((subject) => isObject(subject) && subject.kind === 'ServiceAccount') as JsonObject[];
    return new Set(accounts.flatMap(({ namespace }) => (typeof namespace === 'string' ? [namespace] : [])));
  }

  private select(
    name: string,
    { spec, target }: Rule,
    among: (candidate: Candidate) => boolean,
    identical: (a: Resource, b: Resource) => boolean,
  ): Resource | undefined {
    const roleRef = spec.path.endsWith('roleRef/name') ? this.roleRef() : undefined;
    let candidates = this.near(name).filter(
      (candidate) =>
        among(candidate) &&
        candidate.former.some((id) => isSelected(id, target)) &&
        (!roleRef || candidate.former.some((id) => isSelected(id, roleRef))) &&
        this.reaches(candidate),
    );
    if (candidates.length === 1) return candidates[0]!.resource;
    candidates = candidates.filter(({ resource }) => sameAffixes(resource, this.resource, true));
    if (candidates.length > 1) candidates = candidates.filter(({ resource }) => sameAffixes(resource, this.resource, false));
    const [first, ...others] = candidates.map(({ resource }) => resource);
    if (!first || others.every((other) => identical(first, other))) return first;
    throw new KustomizeError(`found multiple possible referrals: ${[first, ...others].map(({ id }) => idText(id)).join(', ')}`);
  }

  private reaches({ resource, id }: Candidate): boolean {
    const { effectiveNamespace } = this.id;
    return (
      effectiveNamespace === NO_NAMESPACE ||
      id.effectiveNamespace === NO_NAMESPACE ||
      resource.kind === 'ServiceAccount' ||
      id.effectiveNamespace === effectiveNamespace
    );
  }

  private roleRef(): GvkSelector | undefined {
    const { roleRef } = this.resource.object;
    if (!isObject(roleRef) || typeof roleRef.apiGroup !== 'string' || typeof roleRef.kind !== 'string') return undefined;
    return { group: roleRef.apiGroup, kind: roleRef.kind };
  }
}
