// The objects of a request in the version that a policy or webhook is to see, and back: inside, objects are in the version in which they
// are stored. DEVIATION: custom resources are not converted by their webhook for this, only `apiVersion` changes.
import { decode } from '../../../../apimachinery/codec/decode.ts';
import { groupVersion, type JsonObject, type KubernetesObject } from '../../../../apimachinery/object.ts';
import type { ResourceCatalog, Served } from '../../generic/catalog.ts';
import { complete, toStored } from '../../generic/decode-object.ts';
import type { Draft } from '../../generic/resource-definition.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { Match } from './match.ts';

export interface Versioned {
  readonly served: Served | undefined;
  readonly object: JsonObject | undefined;
  readonly old: JsonObject | undefined;
}

/** What the subresource exchanges is not the resource's own kind: it is shown as it is. */
export function versioned({ catalog }: { readonly catalog: ResourceCatalog }, attributes: AdmissionAttributes, match: Match): Versioned {
  const { group, version, resource } = match.resource;
  const served = catalog.find(group, version, resource);
  const own = served && served.version.kind === match.kind.kind && served.definition.group === match.kind.group;
  const show = (object: Draft | KubernetesObject | undefined): JsonObject | undefined =>
    object && (own ? inVersion(object as KubernetesObject, served) : (object as JsonObject));
  return { served: own ? served : undefined, object: show(attributes.object), old: show(attributes.old) };
}

function inVersion(object: KubernetesObject, { definition, version }: Served): JsonObject {
  const apiVersion = groupVersion({ group: definition.group, version: version.version });
  const converted = version.fromStorage ? version.fromStorage({ ...object, apiVersion: storedVersion(definition) }) : object;
  return converted.apiVersion === apiVersion && converted.kind === version.kind
    ? converted
    : { ...(converted as unknown as JsonObject), apiVersion, kind: version.kind };
}

const storedVersion = ({ group, storageVersion }: Served['definition']): string => groupVersion({ group, version: storageVersion });

/** Puts what became of an object in place of what it was. Throws a DecodeError where it is no object of its kind any more. */
export function replaceContent(draft: Draft, changed: JsonObject, served: Served): void {
  const { custom, type } = served.version;
  const decoded = custom ? custom.decode(changed).object : type ? decode(type, changed, { keepEmpty: true }).object : changed;
  const { apiVersion } = draft;
  const { managedFields } = draft.metadata;
  const stored = toStored(complete(decoded as JsonObject, served, undefined), served);
  for (const key of Object.keys(draft)) if (!Object.hasOwn(stored, key)) delete draft[key];
  Object.assign(draft, stored, { apiVersion });
  // who owns what has been reckoned already
  if (managedFields) draft.metadata.managedFields = managedFields;
  else delete draft.metadata.managedFields;
}
