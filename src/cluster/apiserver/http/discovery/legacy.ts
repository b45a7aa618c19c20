// Discovery document by document: APIVersions, APIGroupList, APIGroup and APIResourceList. Follows endpoints/discovery of
// k8s.io/apiserver.
import { createHash } from 'node:crypto';
import { groupVersion, type JsonObject } from '../../../../apimachinery/object.ts';
import type { Served } from '../../generic/catalog.ts';
import type { ServedGroup, ServedVersion } from './served-groups.ts';

/** @param address host and port under which the client reached the server */
export const apiVersions = (address: string): JsonObject => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
});

export const apiGroupList = (groups: readonly ServedGroup[]): JsonObject => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: groups.filter(({ group }) => group !== '').map(groupFacts),
});

export const apiGroup = (group: ServedGroup): JsonObject => ({ kind: 'APIGroup', apiVersion: 'v1', ...groupFacts(group) });

function groupFacts({ group, versions }: ServedGroup): JsonObject {
  const all = versions.map(({ version }) => ({ groupVersion: groupVersion({ group, version }), version }));
  return { name: group, versions: all, preferredVersion: all[0] };
}

/** The core group's list does not say its own apiVersion. */
export const apiResourceList = ({ group }: ServedGroup, { version, resources }: ServedVersion): JsonObject => ({
  kind: 'APIResourceList',
  ...(group === '' ? {} : { apiVersion: 'v1' }),
  groupVersion: groupVersion({ group, version }),
  resources: resources.flatMap(rows),
});

/** A resource, and its subresources after it. */
function rows({ definition, version }: Served): JsonObject[] {
  const { resource, singular, namespaced, shortNames, categories, verbs } = definition;
  const subresources = subresourceNames(definition).map((name) => {
    const { kind, verbs: subVerbs } = definition.subresources[name]!;
    return {
      name: `${resource}/${name}`,
      singularName: '',
      namespaced,
      ...(kind && kind.group !== definition.group ? { group: kind.group, version: kind.version } : {}),
      kind: kind?.kind ?? version.kind,
      verbs: subresourceVerbs(subVerbs, kind?.kind),
    };
  });
  return [
    {
      name: resource,
      singularName: singular,
      namespaced,
      kind: version.kind,
      verbs,
      ...(shortNames.length ? { shortNames } : {}),
      ...(categories.length ? { categories } : {}),
      ...(verbs.includes('watch') ? { storageVersionHash: storageVersionHash(definition) } : {}),
    },
    ...subresources,
  ];
}

/** Built-in ones are told by name, those of custom resources as they are declared. */
export function subresourceNames({ subresources, versions }: Served['definition']): readonly string[] {
  const names = Object.keys(subresources);
  return versions.some((v) => v.custom) ? names : names.sort();
}

/** What is connected to takes any method, as told by the verb that stands for it. */
export function subresourceVerbs(verbs: readonly string[], kind: string | undefined): readonly string[] {
  if (!verbs.includes('connect')) return [...verbs].sort();
  return kind?.endsWith('ProxyOptions') ? ['create', 'delete', 'get', 'patch', 'update'] : ['create', 'get'];
}

/** Tells whether objects are stored as before, without telling how. */
function storageVersionHash({ group, storageVersion, storedAs, kind }: Served['definition']): string {
  return createHash('sha256')
    .update(`${group}/${storedAs ?? storageVersion}/${kind}`)
    .digest()
    .subarray(0, 8)
    .toString('base64');
}
