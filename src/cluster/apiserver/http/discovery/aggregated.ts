// Discovery in one document (APIGroupDiscoveryList of apidiscovery.k8s.io), with a hash by which clients ask whether it has changed.
// Follows endpoints/discovery/aggregated of k8s.io/apiserver.
import { createHash } from 'node:crypto';
import { encodeJson } from '../../../../apimachinery/json/encode.ts';
import type { JsonObject } from '../../../../apimachinery/object.ts';
import type { Served } from '../../generic/catalog.ts';
import { subresourceNames, subresourceVerbs } from './legacy.ts';
import { isAvailable } from '../../aggregator/availability.ts';
import { listed, type Aggregated, type ListedResource } from '../../aggregator/aggregator.ts';
import type { ServedGroup, ServedVersion } from './served-groups.ts';

export interface AggregatedDiscovery {
  readonly document: JsonObject;
  /** Quoted, as the header has it. */
  readonly etag: string;
}

const cached = new WeakMap<readonly ServedGroup[], Map<string, AggregatedDiscovery>>();

/** @param groups those that the document tells of: all but the core group, or that alone. @param version `v2` or `v2beta1` */
export function aggregatedDiscovery(groups: readonly ServedGroup[], core: boolean, version: string): AggregatedDiscovery {
  const known = cached.get(groups) ?? new Map<string, AggregatedDiscovery>();
  cached.set(groups, known);
  const key = `${core ? 'api' : 'apis'} ${version}`;
  let found = known.get(key);
  if (!found) {
    const items = groups.filter(({ group }) => (group === '') === core).map(groupDiscovery);
    const document = { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
    found = { document, etag: `"${createHash('sha512').update(encodeJson(document)).digest('hex').toUpperCase()}"` };
    known.set(key, found);
  }
  return found;
}

const groupDiscovery = ({ group, versions }: ServedGroup): JsonObject => ({
  metadata: group === '' ? {} : { name: group },
  versions: versions.map(versionDiscovery),
});

function versionDiscovery({ version, resources, aggregated }: ServedVersion): JsonObject {
  if (!aggregated) return { version, resources: resources.map(resourceDiscovery), freshness: 'Current' };
  // of a server that is away it is told what it last had
  return { version, resources: elsewhere(aggregated), freshness: isAvailable(aggregated.service) ? 'Current' : 'Stale' };
}

/** What another server told in the older form. */
function elsewhere({ service, resources }: Aggregated): JsonObject[] {
  const { group = '', version = '' } = service.spec!;
  const rows = listed(resources);
  const kindOf = (row: ListedResource): JsonObject => ({ group: row.group ?? group, version: row.version ?? version, kind: row.kind });
  return rows
    .filter(({ name }) => !name.includes('/'))
    .map((row) => {
      const below = rows.filter(({ name }) => name.startsWith(`${row.name}/`));
      const subresources = below.map((sub) => ({
        subresource: sub.name.slice(row.name.length + 1),
        responseKind: kindOf(sub),
        verbs: sub.verbs,
      }));
      return {
        resource: row.name,
        responseKind: kindOf(row),
        scope: row.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: row.singularName,
        verbs: row.verbs,
        ...(row.shortNames?.length ? { shortNames: row.shortNames } : {}),
        ...(row.categories?.length ? { categories: row.categories } : {}),
        ...(subresources.length ? { subresources } : {}),
      };
    });
}

function resourceDiscovery({ definition, version }: Served): JsonObject {
  const { resource, singular, namespaced, shortNames, categories, verbs } = definition;
  // of built-in kinds, group and version are those of where they stand
  const own = version.custom
    ? { group: definition.group, version: version.version, kind: version.kind }
    : { group: '', version: '', kind: version.kind };
  const subresources = subresourceNames(definition).map((name) => {
    const { kind, verbs: subVerbs } = definition.subresources[name]!;
    const elsewhere = kind && kind.group !== definition.group;
    return {
      subresource: name,
      responseKind: elsewhere ? kind : { ...own, kind: kind?.kind ?? version.kind },
      verbs: subresourceVerbs(subVerbs, kind?.kind),
    };
  });
  return {
    resource,
    responseKind: own,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length ? { shortNames } : {}),
    ...(categories.length ? { categories } : {}),
    ...(subresources.length ? { subresources } : {}),
  };
}
