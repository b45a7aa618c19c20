// Admission: what may still change or refuse a write once it is authorized and decoded. Plugins run in the order of Kubernetes'
// API server, all mutating ones before validation, all validating ones after. One file a plugin, beside this one.
import type { GroupVersionKind, GroupVersionResource, KubernetesObject } from '../../../apimachinery/object.ts';
import type { RequestOptions, UserInfo } from '../../../apimachinery/api-request.ts';
import { forbiddenError, type StatusError } from '../../../apimachinery/status-error.ts';
import type { Store } from '../../storage/store.ts';
import type { ApplyType } from '../../../apimachinery/apply/apply-schema.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import type { ResourceCatalog, Served } from '../generic/catalog.ts';
import type { Draft } from '../generic/resource-definition.ts';

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface AdmissionAttributes {
  readonly operation: AdmissionOperation;
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly subresource: string;
  readonly namespace: string;
  /** Empty while a name is still to be generated, and for the deletion of a collection. */
  readonly name: string;
  /** The object as it would be stored. Undefined for a deletion. Only mutating plugins may change it. */
  readonly object: Draft | undefined;
  /** The object as it is stored. Undefined for a creation. */
  readonly old: KubernetesObject | undefined;
  readonly options: RequestOptions;
  readonly dryRun: boolean;
  readonly user: UserInfo;
  warn(message: string): void;
  readonly reinvocation: Reinvocation;
  /** For the audit log, where there is one. */
  annotate?(key: string, value: string): void;
}

/** Mutating plugins run a second time where one of those outside has changed what others may care for. */
export class Reinvocation {
  /** The second time is now. */
  active = false;
  requested = false;
  /** What plugins remember from the first time to the second. */
  readonly memory = new Map<object, unknown>();
}

/** What plugins may use of the server that they are part of. */
export interface AdmissionServer {
  readonly catalog: ResourceCatalog;
  readonly authorizer: Authorizer;
  /** How the objects of a kind are merged. */
  applyType(served: Served): ApplyType;
}

/** Refuses by throwing a StatusError. */
export interface AdmissionPlugin {
  readonly name: string;
  readonly operations: readonly AdmissionOperation[];
  /** Called once, before any request. */
  connect?(server: AdmissionServer): void;
  admit?(attributes: AdmissionAttributes): void | Promise<void>;
  validate?(attributes: AdmissionAttributes): void | Promise<void>;
}

/** A refusal by a plugin, in the words of admission.NewForbidden: a name that is still to be generated is told by its beginning. */
export function refusal({ resource, name, object }: AdmissionAttributes, why: string): StatusError {
  return forbiddenError(resource, name || object?.metadata.name || object?.metadata.generateName || 'Unknown', why);
}

/** Several reasons at once, as Go's aggregated errors read. */
export const aggregate = (reasons: readonly string[]): string => (reasons.length === 1 ? reasons[0]! : `[${reasons.join(', ')}]`);

/** Whether the request is about the resource itself, not about a part of it. */
export const isAbout = ({ resource, subresource }: AdmissionAttributes, group: string, plural: string): boolean =>
  resource.resource === plural && resource.group === group && subresource === '';

/** What a plugin that reads a few objects of one kind needs: all of them, in order of their names. */
export async function listAll<T>(store: Store, prefix: string): Promise<readonly T[]> {
  const result = await store.list(prefix);
  if (!result.ok) throw new Error(`the latest state of ${prefix} cannot be read: ${result.reason}`);
  return result.entries.map(({ value }) => value as unknown as T);
}

export class AdmissionChain {
  /** By operation, in their order. */
  private readonly mutating: Readonly<Record<AdmissionOperation, readonly AdmissionPlugin[]>>;
  private readonly validating: Readonly<Record<AdmissionOperation, readonly AdmissionPlugin[]>>;

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.mutating = byOperation(plugins.filter((plugin) => plugin.admit));
    this.validating = byOperation(plugins.filter((plugin) => plugin.validate));
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    await this.admitOnce(attributes);
    const { reinvocation } = attributes;
    if (!reinvocation.requested) return;
    reinvocation.active = true;
    await this.admitOnce(attributes);
  }

  private async admitOnce(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.mutating[attributes.operation]) {
      const pending = plugin.admit!(attributes);
      if (pending) await pending;
    }
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.validating[attributes.operation]) {
      const pending = plugin.validate!(attributes);
      if (pending) await pending;
    }
  }
}

function byOperation(plugins: readonly AdmissionPlugin[]): Readonly<Record<AdmissionOperation, readonly AdmissionPlugin[]>> {
  const of = (operation: AdmissionOperation): AdmissionPlugin[] => plugins.filter(({ operations }) => operations.includes(operation));
  return { CREATE: of('CREATE'), UPDATE: of('UPDATE'), DELETE: of('DELETE'), CONNECT: of('CONNECT') };
}
