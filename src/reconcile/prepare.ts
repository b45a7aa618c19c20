// From a source to manifests that may be planned: opened, rendered, validated. Nothing is asked of the cluster but which kinds it has.
import type { Client } from '../client/client.ts';
import { groupVersion } from '../apimachinery/object.ts';
import type { ManifestCache } from './render/manifest-cache.ts';
import type { ManifestError } from './render/manifest-error.ts';
import { inReadingOrder } from './render/manifest-error.ts';
import type { Manifest, Manifests } from './render/manifests.ts';
import type { ManifestOrigin } from './render/origin.ts';
import { render } from './render/render.ts';
import { openSource, type SourceDeps, type SourceSpec } from './source/source.ts';
import type { SourceInfo } from './source/snapshot.ts';
import { ManifestValidator } from './validate/validate.ts';
import type { ServedKinds } from './validate/known-kinds.ts';

export interface Prepared {
  readonly source: SourceInfo;
  /** Those without faults; where the server judges, also those that it may refuse. */
  readonly manifests: readonly Manifest[];
  readonly errors: readonly ManifestError[];
  /** Where the server judges: what it may refuse of which object. */
  readonly doubts: ReadonlyMap<ManifestOrigin, readonly ManifestError[]>;
  readonly warnings: readonly ManifestError[];
  /** How many files were looked at. */
  readonly files: number;
}

export interface PrepareOptions {
  readonly cache?: ManifestCache;
  readonly validator?: ManifestValidator;
  readonly defaultNamespace?: string;
  /**
   * Who decides whether an object is valid. `static`: schemas alone; a file in which one is not is left out. `server`: whoever it is
   * applied to, who may take what has not changed although it would be refused today. Default: static.
   */
  readonly judge?: 'static' | 'server';
  /** Kinds that a cluster serves besides Kubernetes' own. */
  readonly served?: ServedKinds;
}

/** Throws a SourceError where the source cannot be opened; what is wrong with its files is part of the result. */
export async function prepare(spec: SourceSpec, deps: SourceDeps, options: PrepareOptions = {}): Promise<Prepared> {
  const { cache, defaultNamespace } = options;
  const snapshot = await openSource(spec, deps);
  try {
    const rendered = await render(snapshot, { ...(cache ? { cache } : {}), ...(defaultNamespace ? { defaultNamespace } : {}) });
    return await validated(rendered, { source: infoOf(snapshot), files: snapshot.files.length }, options);
  } finally {
    await snapshot.close();
  }
}

export const infoOf = ({ type, location, path, revision, dirty }: SourceInfo): SourceInfo => ({ type, location, path, revision, dirty });

/** Rendered manifests with what is wrong with them. */
export async function validated(
  rendered: Manifests,
  read: Pick<Prepared, 'source' | 'files'>,
  { validator = new ManifestValidator(), judge = 'static', served }: PrepareOptions = {},
): Promise<Prepared> {
  const validation = await validator.validate(rendered.manifests, served ? { served } : {});
  const isJudged = judge === 'static';
  const [errors, doubts] = isJudged ? [validation.errors, NO_DOUBTS] : [[], validation.byObject];
  // a fault may stand in an overlay; what is left out is the object's own file
  const faulty = new Set(isJudged ? [...validation.byObject.keys()].map(({ file }) => file) : []);
  return {
    ...read,
    manifests: rendered.manifests.filter(({ origin }) => !faulty.has(origin.file)),
    errors: inReadingOrder([...rendered.errors, ...errors]),
    doubts,
    warnings: inReadingOrder([...rendered.warnings, ...validation.warnings]),
  };
}

const NO_DOUBTS: Prepared['doubts'] = new Map();

/** What the cluster serves at this moment, by apiVersion and kind. */
export async function servedKinds(client: Client): Promise<ServedKinds> {
  const served = new Map<string, { readonly namespaced: boolean }>();
  for (const { group, version, kind, namespaced } of await client.resources())
    served.set(`${groupVersion({ group, version })}/${kind}`, { namespaced });
  return (apiVersion, kind) => served.get(`${apiVersion}/${kind}`);
}
