// Definitions of built-in resources: what the OpenAPI document knows (names, scope, verbs, versions) joined with what only the source
// of Kubernetes knows (short names, rules, defaults), which the files beside this one say.
import type { EmptyField } from '../../../apimachinery/codec/decode.ts';
import { builtinKinds, structType, type KindFacts } from '../../../apimachinery/schema/schema.ts';
import type { ObjectMeta } from '#api/meta/v1';
import type { Mutable, ShallowMutable } from '../../../apimachinery/object.ts';
import type { FieldError } from '../../../apimachinery/validation/field-error.ts';
import type { Finish, ResourceDefinition, RuleContext, Strategy, SubresourceDefinition, VersionDefinition } from './resource-definition.ts';
import type { Columns } from '../tables/table.ts';
import { statusStrategy } from './status-strategy.ts';
import type { Verb } from '../../../apimachinery/api-request.ts';

export interface BuiltinResource {
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** The version in which objects are stored; the first of the document's where it is not said. */
  readonly storageVersion?: string;
  /** The version that discovery's hash tells of, where it is another. */
  readonly storedAs?: string;
  /** Where etcd has it, below `/registry/`; the plural where it is not said. */
  readonly storagePath?: string;
  readonly strategy: Strategy;
  /** What each served version adds: defaults, conversions. A version that is not named has neither. */
  readonly versions?: Readonly<Record<string, Partial<Omit<VersionDefinition, 'version' | 'kind' | 'type'>>>>;
  readonly subresources?: Readonly<Record<string, Pick<SubresourceDefinition, 'strategy' | 'serve'>>>;
  readonly selectableFields?: ResourceDefinition['selectableFields'];
  readonly columns?: Columns;
  readonly review?: ResourceDefinition['review'];
  readonly returnsDeletedObject?: boolean;
  readonly storedAsJson?: boolean;
  readonly internalGroup?: string;
  readonly ttlSeconds?: number;
}

function factsOf(group: string, resource: string): readonly KindFacts[] {
  const found = builtinKinds().filter((k) => k.group === group && k.resource === resource);
  if (found.length === 0) throw new Error(`the OpenAPI document has no resource ${resource} in group "${group}"`);
  return found;
}

/** Versions that a default API server does not serve. */
const isOptional = (version: string): boolean => /alpha|beta/.test(version);

/** Stable before beta before alpha, and of those the higher number first. */
function byPreference(a: KindFacts, b: KindFacts): number {
  const rank = (v: string): number => (/alpha/.test(v) ? 0 : /beta/.test(v) ? 1 : 2);
  const number = (v: string): number => Number(/^v(\d+)/.exec(v)?.[1] ?? 0);
  return rank(b.version) - rank(a.version) || number(b.version) - number(a.version) || (a.version < b.version ? 1 : -1);
}

export function define(group: string, resource: string, spec: BuiltinResource): ResourceDefinition {
  const facts = [...factsOf(group, resource)].sort(byPreference);
  const [preferred] = facts as [KindFacts];
  const subresources: Record<string, SubresourceDefinition> = {};
  for (const [name, sub] of Object.entries(preferred.subresources)) {
    const own = sub.kind === preferred.kind && sub.group === group;
    subresources[name] = {
      verbs: sub.verbs as readonly Verb[],
      ...(own ? {} : { kind: { group: sub.group, version: sub.version, kind: sub.kind } }),
      ...(name === 'status' ? { strategy: statusStrategy } : {}),
      ...spec.subresources?.[name],
    };
  }
  for (const name of Object.keys(spec.subresources ?? {}))
    if (!subresources[name]) throw new Error(`${resource} has no subresource ${name}`);
  return {
    group,
    resource,
    singular: spec.singular ?? preferred.kind.toLowerCase(),
    kind: preferred.kind,
    listKind: `${preferred.kind}List`,
    namespaced: preferred.namespaced === true,
    shortNames: spec.shortNames ?? [],
    categories: spec.categories ?? [],
    verbs: preferred.verbs as readonly Verb[],
    versions: facts.map((f) => ({
      version: f.version,
      kind: f.kind,
      type: structType(f.type),
      ...(isOptional(f.version) ? { optional: true } : {}),
      ...spec.versions?.[f.version],
    })),
    storageVersion: spec.storageVersion ?? preferred.version,
    storagePath: `/registry/${spec.storagePath ?? resource}`,
    strategy: spec.strategy,
    subresources,
    ...(spec.selectableFields ? { selectableFields: spec.selectableFields } : {}),
    ...(spec.columns ? { columns: spec.columns } : {}),
    ...(spec.review ? { review: spec.review } : {}),
    ...(spec.returnsDeletedObject ? { returnsDeletedObject: true } : {}),
    ...(spec.internalGroup === undefined ? {} : { internalGroup: spec.internalGroup }),
    ...(spec.storedAs ? { storedAs: spec.storedAs } : {}),
    ...(spec.storedAsJson ? { storedAsJson: true } : {}),
    ...(spec.ttlSeconds ? { ttlSeconds: spec.ttlSeconds } : {}),
  };
}

/** A strategy written for the kind's own type. */
export interface TypedStrategy<T> extends Omit<
  Strategy,
  | 'prepareForCreate'
  | 'validate'
  | 'warningsOnCreate'
  | 'prepareForUpdate'
  | 'validateUpdate'
  | 'warningsOnUpdate'
  | 'canonicalize'
  | 'beginCreate'
  | 'beginUpdate'
  | 'afterDelete'
  | 'gracePeriod'
  | 'heldBack'
  | 'terminate'
> {
  prepareForCreate?(object: DraftOf<T>, context: RuleContext): void;
  validate?(object: T, context: RuleContext): FieldError[];
  warningsOnCreate?(object: T, context: RuleContext): string[];
  prepareForUpdate?(object: DraftOf<T>, old: T, context: RuleContext): void;
  validateUpdate?(object: T, old: T, context: RuleContext): FieldError[];
  warningsOnUpdate?(object: T, old: T, context: RuleContext): string[];
  canonicalize?(object: DraftOf<T>): void;
  beginCreate?(object: DraftOf<T>, context: RuleContext): Promise<Finish>;
  beginUpdate?(object: DraftOf<T>, old: T, context: RuleContext): Promise<Finish>;
  afterDelete?(object: T, context: RuleContext): void;
  heldBack?(object: T): boolean;
  terminate?(object: DraftOf<T>): void;
  gracePeriod?(object: T, requested: number | undefined): number | undefined;
}

/** What a strategy may change: the fields and the metadata of the object, not what lies deeper (see {@link Draft}). */
export type DraftOf<T> = ShallowMutable<Omit<T, 'metadata'>> & { metadata: ShallowMutable<ObjectMeta> };

/** The catalog puts resource and objects together by group, version and kind, so the types are right. */
export const typed = <T>(strategy: TypedStrategy<T>): Strategy => strategy as unknown as Strategy;

/** Defaults written for the kind's own type. They change the object in place, and only where something is missing. */
export const defaulting = <T>(
  setDefaults: (object: Mutable<T>, existing: T | undefined, empties: readonly EmptyField[]) => void,
): Pick<VersionDefinition, 'setDefaults'> => ({
  setDefaults: setDefaults as unknown as NonNullable<VersionDefinition['setDefaults']>,
});
