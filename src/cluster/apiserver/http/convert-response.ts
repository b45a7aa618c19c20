// Answers in another form than the object's own, where the client asks for it: tables, and metadata alone. Follows
// endpoints/handlers/response.go of k8s.io/apiserver.
import { isObject, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import { badRequest, notAcceptable } from '../../../apimachinery/status-error.ts';
import { fieldErrorText, invalid, Path } from '../../../apimachinery/validation/field-error.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import { defaultColumns } from '../tables/default-columns.ts';
import { makeTable, partialMetadata, type IncludeObject } from '../tables/table.ts';
import type { Accepted, Convertible } from './negotiate.ts';
import { isList } from './encode.ts';

type Convert = NonNullable<Accepted['convert']>;

const KINDS = ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'];

/** Whether a form can be had at all. Tables have none in protobuf. */
export const isConvertible: Convertible = (kind, version, group, mediaType) =>
  group === 'meta.k8s.io' &&
  (version === 'v1' || version === 'v1beta1') &&
  KINDS.includes(kind) &&
  (kind !== 'Table' || mediaType !== 'application/vnd.kubernetes.protobuf');

export interface Conversion {
  readonly convert: Convert;
  readonly definition: ResourceDefinition;
  readonly query: URLSearchParams;
  readonly now: number;
}

/** A Status stays what it is. Throws a StatusError where the form does not fit. */
export function convertObject(object: JsonObject, { convert, definition, query, now }: Conversion): JsonObject {
  if (object['kind'] === 'Status') return object;
  const list = isList(object);
  const { kind, version } = convert;
  if (kind === 'Table') {
    const objects = (list ? object['items'] : [object]) as readonly KubernetesObject[];
    return makeTable(objects, definition.columns ?? defaultColumns, listMetadata(object), {
      version,
      includeObject: includeObject(query),
      now,
    });
  }
  const goType = `*core.${String(object['kind'])}`;
  if (kind === 'PartialObjectMetadata') {
    if (list) throw notAcceptable(`you requested PartialObjectMetadata, but the requested object is a list (${goType})`);
    return partialMetadata(object, version);
  }
  if (!list) throw notAcceptable(`you requested PartialObjectMetadataList, but the requested object is not a list (${goType})`);
  const items = (object['items'] as readonly JsonObject[]).map((item) => partialMetadata(item, version));
  return { kind, apiVersion: `meta.k8s.io/${version}`, metadata: object['metadata'], items };
}

/** The events of one watch: of tables only the first tells its columns. The watch ends at what cannot be had in that form: undefined. */
export function eventConverter({ convert, definition, query, now }: Conversion): (object: JsonObject) => JsonObject | undefined {
  let withColumns = true;
  return (object) => {
    if (object['kind'] === 'Status') return object;
    if (convert.kind === 'PartialObjectMetadataList') return undefined;
    if (convert.kind !== 'Table') return partialMetadata(object, convert.version);
    const options = { version: convert.version, includeObject: includeObject(query), now, withColumns };
    withColumns = false;
    return makeTable([object as unknown as KubernetesObject], definition.columns ?? defaultColumns, listMetadata(object), options);
  };
}

/** What a list and an object have in common. */
function listMetadata({ metadata }: JsonObject): JsonObject {
  if (!isObject(metadata)) return {};
  const { resourceVersion, continue: token, remainingItemCount } = metadata;
  return {
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(token ? { continue: token } : {}),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  };
}

function includeObject(query: URLSearchParams): IncludeObject {
  const wanted = query.get('includeObject') ?? '';
  if (wanted === '') return 'Metadata';
  if (wanted === 'None' || wanted === 'Metadata' || wanted === 'Object') return wanted;
  const why = fieldErrorText(invalid(Path.of('includeObject'), wanted, "must be 'Metadata', 'Object', 'None', or empty"));
  throw badRequest(`Unable to convert to Table as requested: ${why}`);
}
