// Who owns which field of an object: the rules of apimachinery/apply, given the kinds, versions and defaults of this server. One field
// manager for each version and subresource, made when first needed; objects come and go in the stored version.
import { FieldManager, type FieldManagerOptions } from '../../../apimachinery/apply/field-manager.ts';
import type { ApplyType } from '../../../apimachinery/apply/apply-schema.ts';
import { goApplyType } from '../../../apimachinery/apply/go-schema.ts';
import { fieldPath } from '../../../apimachinery/apply/path-element.ts';
import { resetAllBut, resetFields } from '../../../apimachinery/apply/reset-fields.ts';
import type { Clock } from '../../../apimachinery/clock.ts';
import { DecodeError, zeroOf } from '../../../apimachinery/codec/decode.ts';
import { decodeUnstructured } from '../../../apimachinery/patch/unstructured.ts';
import { deepCopy, deepFreeze, groupVersion, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import type { Served } from './catalog.ts';
import { complete, toStored } from './decode-object.ts';
import type { Draft, ResourceDefinition, VersionDefinition } from './resource-definition.ts';

/** Field ownership as the handlers see it. */
export interface Ownership {
  /** Records what a create, update or patch has changed. */
  update(live: KubernetesObject | undefined, next: Draft, manager: string): Draft;
  /** Merges what an applier wants into the live object. Throws a StatusError or an ApplyError. */
  apply(live: KubernetesObject | undefined, config: JsonObject, manager: string, force: boolean): Draft;
}

export class FieldManagers {
  private readonly clock: Clock;
  /** Definitions of custom resources come and go. */
  private readonly byVersion = new WeakMap<VersionDefinition, Map<string, Ownership>>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** @param subresource empty for the resource itself */
  of(served: Served, subresource: string): Ownership {
    let bySubresource = this.byVersion.get(served.version);
    if (!bySubresource) this.byVersion.set(served.version, (bySubresource = new Map()));
    let ownership = bySubresource.get(subresource);
    if (!ownership) bySubresource.set(subresource, (ownership = ownershipOf(served, subresource, this.clock)));
    return ownership;
  }
}

function ownershipOf(served: Served, subresource: string, clock: Clock): Ownership {
  const { version } = served;
  const manager = new FieldManager(options(served, subresource, clock));
  const requested = (object: KubernetesObject): JsonObject => version.fromStorage?.(object) ?? object;
  return {
    update(live, next, name) {
      const tracked = manager.update(live && requested(live), requested(next as unknown as KubernetesObject), name) as Draft;
      const { managedFields } = tracked.metadata;
      if (managedFields === next.metadata.managedFields) return next;
      if (managedFields) next.metadata.managedFields = managedFields;
      else delete next.metadata.managedFields;
      return next;
    },
    apply(live, config, name, force) {
      const applied = manager.apply(live && requested(live), config, name, force) as Draft;
      return toStored({ ...applied, metadata: { ...applied.metadata } }, served);
    },
  };
}

function options(served: Served, subresource: string, clock: Clock): FieldManagerOptions {
  const { definition, version } = served;
  const { group } = definition;
  const strategy = (subresource ? definition.subresources[subresource]?.strategy : undefined) ?? definition.strategy;
  const filter = strategy.resetAllBut
    ? resetAllBut(...strategy.resetAllBut)
    : resetFields(...(strategy.resetFields ?? []).map((path) => fieldPath(...path)));
  const filters = strategy.resetAllBut || strategy.resetFields?.length;
  const zero = version.type ? (zeroOf(version.type) as JsonObject) : {};
  // every object that is created by an apply begins with it: whoever changed it would change them all
  const empty = deepFreeze({ ...zero, kind: version.kind, apiVersion: groupVersion({ group, version: version.version }), metadata: {} });
  const types = new Map(definition.versions.map((v) => [groupVersion({ group, version: v.version }), applyTypeOf(v)]));
  return {
    kind: { group, version: version.version, kind: version.kind },
    subresource,
    typeOf: (apiVersion) => types.get(apiVersion),
    convert: (object, apiVersion) => convert(definition, object, apiVersion),
    empty,
    complete: (merged, live) => {
      try {
        if (version.custom) return complete(version.custom.decode(merged).object as JsonObject, served, undefined);
        if (!version.type) return complete(merged, served, undefined);
        return complete(
          decodeUnstructured(version.type, merged, { existing: live === empty ? undefined : live, keepEmpty: true }).object as JsonObject,
          served,
          undefined,
        );
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        throw new DecodeError(`unable to convert unstructured object to ${gvkText(definition, version)}: ${error.message}`, {
          cause: error,
        });
      }
    },
    filters: new Map(filters ? definition.versions.map((v) => [groupVersion({ group, version: v.version }), filter]) : []),
    clock,
  };
}

const versionNamed = ({ group, versions }: ResourceDefinition, apiVersion: unknown): VersionDefinition | undefined =>
  versions.find((v) => groupVersion({ group, version: v.version }) === apiVersion);

export const applyTypeOf = ({ applyType, type }: VersionDefinition): ApplyType | undefined => applyType ?? (type && goApplyType(type));

/** Through the stored version, which all others know the way to. */
function convert(definition: ResourceDefinition, object: JsonObject, apiVersion: string): JsonObject {
  if (object['apiVersion'] === apiVersion) return object;
  const from = versionNamed(definition, object['apiVersion']);
  const to = versionNamed(definition, apiVersion);
  if (!from || !to) throw new Error(`no kind "${definition.kind}" is registered for version "${apiVersion}"`);
  const stored = from.toStorage ? from.toStorage(deepCopy(object) as Draft) : object;
  return to.fromStorage ? to.fromStorage(stored as KubernetesObject) : { ...stored, apiVersion };
}

/** `apps/v1, Kind=Deployment`, `/v1, Kind=Pod` */
const gvkText = ({ group }: ResourceDefinition, { version, kind }: VersionDefinition): string => `${group}/${version}, Kind=${kind}`;
