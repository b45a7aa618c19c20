// A resource request as HTTP has it: its path and query, its method, the types of patches. Follows k8s.io/client-go/rest.
import type { PatchType, RequestOptions, ResourceRequest, Verb } from './api-request.ts';
import type { JsonObject } from './object.ts';

export const PATCH_TYPES: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export const METHODS: Readonly<Record<Verb, Method>> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
  connect: 'POST',
};

type RequestLine = Omit<ResourceRequest, 'user' | 'userAgent' | 'body'>;

/** With the query. */
export function requestPath({ verb, group, version, resource, namespace, name, subresource, options, query: more }: RequestLine): string {
  const parts = [
    group === '' ? 'api' : `apis/${group}`,
    version,
    ...(namespace ? ['namespaces', namespace] : []),
    resource,
    ...(name && verb !== 'create' ? [name] : subresource ? [name] : []),
    ...(subresource ? [subresource] : []),
  ];
  const query = queryOf(verb, options, more);
  return `/${parts.map((part) => part.split('/').map(encodeURIComponent).join('/')).join('/')}${query ? `?${query}` : ''}`;
}

/** What goes into the body of a deletion is not said in the query. */
const IN_BODY = new Set(['gracePeriodSeconds', 'propagationPolicy', 'orphanDependents', 'preconditions']);

function queryOf(verb: Verb, options: RequestOptions, more: URLSearchParams | undefined): string {
  const query = new URLSearchParams(more);
  if (verb === 'watch') query.set('watch', 'true');
  for (const [key, value] of Object.entries(options) as [string, unknown][]) {
    if (value === undefined || IN_BODY.has(key)) continue;
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) query.append(key, String(one));
  }
  return query.toString();
}

export function deleteBody({ gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions }: RequestOptions): JsonObject {
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    ...(preconditions === undefined ? {} : { preconditions }),
  };
}

/** Items of a list do not say what they are: the list does. */
export function withKinds(list: JsonObject): JsonObject {
  const { apiVersion, kind, items } = list;
  if (!Array.isArray(items) || typeof kind !== 'string') return list;
  const own = { apiVersion, kind: kind.replace(/List$/, '') };
  return { ...list, items: items.map((item) => ({ ...own, ...(item as JsonObject) })) };
}
