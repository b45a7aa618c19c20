// What a server has, as discovery tells it: the aggregated documents where it has them, the older ones of each group version otherwise.
import type { ServedResource } from '../apimachinery/api-request.ts';
import { isObject, type JsonObject } from '../apimachinery/object.ts';
import { StatusError } from '../apimachinery/status-error.ts';

/** Asks for a path; with `aggregated` for the document of all groups, which a server need not have. */
export type AskDiscovery = (path: string, aggregated: boolean) => Promise<JsonObject>;

const objects = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** Of several versions of one resource the preferred first. Groups whose server is down are left out. */
export async function parseDiscovery(ask: AskDiscovery): Promise<readonly ServedResource[]> {
  const documents = await Promise.all([ask('/api', true), ask('/apis', true)]);
  if (documents.every(({ kind }) => kind === 'APIGroupDiscoveryList')) return documents.flatMap(ofAggregated);
  return legacy(ask, documents);
}

function ofAggregated({ items }: JsonObject): ServedResource[] {
  return objects(items).flatMap((group) =>
    objects(group['versions']).flatMap((version) =>
      objects(version['resources']).flatMap((resource) => {
        const kind = isObject(resource['responseKind']) ? resource['responseKind'] : {};
        const served = {
          group: text(isObject(group['metadata']) ? group['metadata']['name'] : ''),
          version: text(version['version']),
          resource: text(resource['resource']),
          kind: text(kind['kind']),
          namespaced: resource['scope'] === 'Namespaced',
          verbs: texts(resource['verbs']),
        };
        return served.kind ? [served] : [];
      }),
    ),
  );
}

async function legacy(ask: AskDiscovery, [core = {}, groups = {}]: readonly JsonObject[]): Promise<readonly ServedResource[]> {
  const paths = [
    ...texts(core['versions']).map((version) => ({ group: '', version, path: `/api/${version}` })),
    ...objects(groups['groups']).flatMap((group) => {
      const name = text(group['name']);
      const preferred = isObject(group['preferredVersion']) ? text(group['preferredVersion']['version']) : '';
      const versions = objects(group['versions']).map(({ version }) => text(version));
      return [...versions.filter((v) => v === preferred), ...versions.filter((v) => v !== preferred)].map((version) => ({
        group: name,
        version,
        path: `/apis/${name}/${version}`,
      }));
    }),
  ];
  const lists = await Promise.all(
    paths.map(async ({ group, version, path }) => ({
      group,
      version,
      list: await ask(path, false).catch((error: unknown) => {
        // the server of an aggregated API may be away; the others are there
        if (error instanceof StatusError && error.code >= 500) return {};
        throw error;
      }),
    })),
  );
  return lists.flatMap(({ group, version, list }) =>
    objects((list as JsonObject)['resources'])
      .filter(({ name }) => !text(name).includes('/'))
      .map((resource) => ({
        group,
        version,
        resource: text(resource['name']),
        kind: text(resource['kind']),
        namespaced: resource['namespaced'] === true,
        verbs: texts(resource['verbs']),
      })),
  );
}
