// What a resource is to the API server: its names and versions, and the rules (a "strategy", in Kubernetes' word) by which its
// objects are prepared, checked and deleted. The files beside this one say it for each API group; the handlers are the same for all.
import type { NodeApi } from '../../../apimachinery/node-api.ts';
import type { FieldError } from '../../../apimachinery/validation/field-error.ts';
import type { JsonObject, KubernetesObject, ShallowMutable } from '../../../apimachinery/object.ts';
import type { ObjectMeta } from '#api/meta/v1';
import type { StructType } from '../../../apimachinery/schema/go-type.ts';
import type { ApplyType } from '../../../apimachinery/apply/apply-schema.ts';
import type { Clock } from '../../../apimachinery/clock.ts';
import type { Random } from '../../../apimachinery/random.ts';
import type { RequestContext } from './context.ts';
import type { ResourceRequest, ResourceResponse, UserInfo, Verb } from '../../../apimachinery/api-request.ts';
import type { Store } from '../../storage/store.ts';
import type { Backends } from '../aggregator/backends.ts';
import type { Columns } from '../tables/table.ts';
import type { UpdateRequest } from './write.ts';
import type { ResourceCatalog, Served } from './catalog.ts';
import type { ObjectStore } from './object-store.ts';
import type { Decoded, EmptyField } from '../../../apimachinery/codec/decode.ts';

/**
 * An object on its way into the store. The top level and its metadata are the pipeline's own and may be changed in place. Deeper parts
 * of an update may be shared with the stored object: they are replaced, never changed. On a create, all of it is the pipeline's own.
 */
export type Draft = { apiVersion: string; kind: string; metadata: ShallowMutable<ObjectMeta> } & JsonObject;

/** What rules may know of the request. */
export interface RuleContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly namespace: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** Empty for the resource itself. */
  readonly subresource: string;
  /** Told to the client in a Warning header. */
  warn(message: string): void;
  /** Fields that the client has sent as empty lists or maps. What is optional and empty is gone from the object. */
  readonly empties: readonly EmptyField[];
}

/** Ends what {@link Strategy.beginCreate} began: the object was stored, or was not. Called once. */
export type Finish = (stored: boolean) => void;

/** Rules for writing a resource or one of its subresources. Each may be absent. */
export interface Strategy {
  /** Clears what a client must not set, and sets what only the server sets. */
  prepareForCreate?(object: Draft, context: RuleContext): void;
  /** All but the metadata that every object has. */
  validate?(object: KubernetesObject, context: RuleContext): FieldError[];
  warningsOnCreate?(object: KubernetesObject, context: RuleContext): string[];
  prepareForUpdate?(object: Draft, old: KubernetesObject, context: RuleContext): void;
  /** All but the metadata that every object has. */
  validateUpdate?(object: KubernetesObject, old: KubernetesObject, context: RuleContext): FieldError[];
  warningsOnUpdate?(object: KubernetesObject, old: KubernetesObject, context: RuleContext): string[];
  /** Takes what must be taken before validation (addresses, ports), and says how to end it. */
  beginCreate?(object: Draft, context: RuleContext): Promise<Finish>;
  beginUpdate?(object: Draft, old: KubernetesObject, context: RuleContext): Promise<Finish>;
  /** The object is gone for good. */
  afterDelete?(object: KubernetesObject, context: RuleContext): void;
  /** After validation, before the store. */
  canonicalize?(object: Draft): void;
  /** PUT makes the object where there is none. */
  readonly allowCreateOnUpdate?: boolean;
  /** PUT without a resourceVersion replaces whatever there is. */
  readonly allowUnconditionalUpdate?: boolean;
  /**
   * Present where deletion is graceful (pods). Returns the period in seconds with which the object is deleted; undefined: at once.
   * @param requested what the client asked for
   */
  gracePeriod?(object: KubernetesObject, requested: number | undefined): number | undefined;
  /** The object has finalizers of its own besides those of its metadata (namespaces): it stays until these are gone too. */
  heldBack?(object: KubernetesObject): boolean;
  /** What else says that an object is on its way out. Of the object only the top level may be changed. */
  terminate?(object: Draft): void;
  /** What becomes of dependents unless the client says so. */
  readonly defaultGarbageCollection?: 'orphan' | 'delete' | 'unsupported';
  /** Told to whoever deletes an object without saying what is to become of its dependents. */
  readonly warningOnDefaultDelete?: string;
  /** Fields that appliers cannot own through this endpoint, as field paths by version: `['status']`. */
  readonly resetFields?: readonly (readonly string[])[];
  /** The other way round: only these can be owned; `*` stands for any element. */
  readonly resetAllBut?: readonly (readonly string[])[];
}

/** One version in which a resource is served. */
export interface VersionDefinition {
  readonly version: string;
  readonly kind: string;
  /** Undefined for custom resources: they have a schema of their own. */
  readonly type: StructType | undefined;
  /** How bodies are read where there is no Go type. Throws a DecodeError. */
  readonly custom?: { decode(value: unknown, duplicates?: ReadonlyMap<object, readonly string[]>): Decoded };
  /** Of custom resources: the schema as their definition has it; undefined where nothing may be said of their fields. */
  readonly schema?: JsonObject | undefined;
  /** How its fields are merged and owned, where that does not follow from the Go type. */
  readonly applyType?: ApplyType;
  /** Fills in what the manifest leaves out. `existing` has the very parts of the object that are known to be complete. */
  readonly setDefaults?: (object: Draft, existing: KubernetesObject | undefined, empties: readonly EmptyField[]) => void;
  /** To and from the version in which the resource is stored; absent where only the version's name differs. */
  readonly toStorage?: (object: Draft) => Draft;
  readonly fromStorage?: (object: KubernetesObject) => KubernetesObject;
  /** Told to whoever uses the version. */
  readonly deprecation?: string;
  /** Off unless asked for: not served by a default API server. */
  readonly optional?: boolean;
}

export interface SubresourceDefinition {
  readonly verbs: readonly Verb[];
  /** Group, version and kind of what the subresource exchanges, where it is not the resource's own. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
  /** The subresource is a view of the object's own fields (status, and the like): it is read, updated and patched by these rules. */
  readonly strategy?: Strategy;
  /** Any other subresource answers by itself. */
  readonly serve?: (context: RequestContext, server: SubresourceServer) => Promise<ResourceResponse>;
}

/** What a subresource with a will of its own may use of the server. */
export interface SubresourceServer {
  readonly clock: Clock;
  readonly random: Random;
  readonly catalog: ResourceCatalog;
  /** The kubelets; undefined where there are none that this server could reach. */
  readonly nodes: NodeApi | undefined;
  /** How other servers, and pods, are reached. */
  readonly backends: Backends;
  readonly store: Store;
  objects(definition: ResourceDefinition): ObjectStore;
  /** Decodes the body as the kind that the subresource exchanges. */
  decodeBody(context: RequestContext, type: StructType): JsonObject;
  /**
   * For a subresource that shows the object in another form: what a PUT or PATCH makes of that form as it was. Throws a StatusError.
   * @param view the form, as if it were a resource
   */
  viewChange(context: RequestContext, view: Served): (old: KubernetesObject) => Draft;
  /** Mutating and validating admission of what is created in a subresource, as far as it is not an object of its own. */
  admitCreate(context: RequestContext, object: Draft): Promise<void>;
  /** The whole way of an update: rules, admission, field ownership, store. */
  update(context: RequestContext, change: UpdateRequest): Promise<{ readonly object: KubernetesObject; readonly created: boolean }>;
  /** Another request, as the same user. */
  serve(request: ResourceRequest): Promise<ResourceResponse>;
}

export interface SelectableFields {
  readonly names: readonly string[];
  /** The values of these fields; what is absent reads as empty. */
  read(object: KubernetesObject): Readonly<Record<string, string>>;
  /** The words for any other field. */
  refuse?(field: string, kind: string): string;
}

/** The same object gives the same answer: readers share it. */
export interface StoredForm {
  read(object: KubernetesObject): KubernetesObject;
  write(object: KubernetesObject): KubernetesObject | Promise<KubernetesObject>;
  /**
   * Present where reading may take another server: before objects are read they are prepared, as many as possible at a time. Undefined:
   * they are ready. Rejects with the error that the client is to see.
   */
  prepare?(objects: readonly KubernetesObject[]): Promise<void> | undefined;
}

export interface ResourceDefinition {
  readonly group: string;
  /** Plural: `deployments`. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
  /** The preferred one first. */
  readonly versions: readonly VersionDefinition[];
  readonly storageVersion: string;
  /** The version that discovery's hash tells of, where it is another: each version of a custom resource has a definition of its own. */
  readonly storedAs?: string;
  /** `/registry/apps/deployments`: where its objects lie in the store. Two resources may share it (events). */
  readonly storagePath: string;
  readonly strategy: Strategy;
  readonly subresources: Readonly<Record<string, SubresourceDefinition>>;
  /** Fields that field selectors may name, besides `metadata.name` and `metadata.namespace`. */
  readonly selectableFields?: SelectableFields;
  /** How objects are shown in tables; by name and age where it is not said. */
  readonly columns?: Columns;
  /** Objects that are answered and never stored (reviews): gives the answer to one. */
  readonly review?: (object: Draft, context: RequestContext, server: SubresourceServer) => Promise<KubernetesObject | JsonObject>;
  /** A deletion is answered with the object that is gone, not with a Status. */
  readonly returnsDeletedObject?: boolean;
  /** Kubernetes keeps the objects as JSON, not as protobuf: empty lists stay. */
  readonly storedAsJson?: boolean;
  /** The way from and to the store, where that is not the form in which this definition's objects are served. */
  readonly storage?: StoredForm;
  /** Watches that end when the definition goes: another one may take its place, with other rules. Absent: it never goes. */
  readonly watches?: Set<{ end(): void }>;
  /** The group that refusals name, where Kubernetes keeps the kind's rules in another one (events). */
  readonly internalGroup?: string;
  /** Seconds after which an object goes by itself (events). */
  readonly ttlSeconds?: number;
}

export function versionOf(definition: ResourceDefinition, version: string): VersionDefinition | undefined {
  return definition.versions.find((v) => v.version === version);
}
