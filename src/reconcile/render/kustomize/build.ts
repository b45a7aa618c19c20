// Builds a kustomization to the objects that `kubectl kustomize` prints, in its order, each with the place in the base where it comes from.
import { isObject } from '../../../apimachinery/object.ts';
import { inReadingOrder, fieldPath, type ManifestError } from '../manifest-error.ts';
import type { ChartSettings } from '../helm/chart-options.ts';
import type { ManifestCache } from '../manifest-cache.ts';
import type { DesiredObject } from '../manifest-document.ts';
import type { Manifest } from '../manifests.ts';
import { positionsIn } from '../positions.ts';
import { writeYaml } from '../../../apimachinery/yaml/write.ts';
import type { SourceTree } from '../../source/source-tree.ts';
import { contentHash } from './hash.ts';
import { KustomizeError } from './kustomize-error.ts';
import { fixNameReferences } from './name-references.ts';
import type { BuildOrigin, Resource } from './resource.ts';
import { sortResources } from './sort.ts';
import { Build, type Overridden } from './shared-build.ts';
import { Target } from './target.ts';
import { resolveVars } from './vars.ts';

export interface Built {
  readonly manifests: readonly Manifest[];
  readonly errors: readonly ManifestError[];
  readonly warnings: readonly ManifestError[];
}

/** Builds what a directory of the tree holds. Never throws for bad input. @param directory in the tree */
export async function buildKustomization(
  tree: SourceTree,
  directory: string,
  cache: ManifestCache,
  overridden?: Overridden,
  charts?: ChartSettings,
): Promise<Built> {
  const build = new Build(tree, cache, overridden, charts);
  try {
    const found = await build.files.find('', directory || '.');
    const target = await Target.load(build, found?.path ?? directory);
    await target.bringSchemas();
    const resources = await finished(target);
    const errors = resources.flatMap(faultsOf);
    const manifests = errors.length
      ? []
      : resources.map(({ object, origin, origins }) => ({
          object: object as DesiredObject,
          origin: origin.withLayer({ root: object, origins }),
        }));
    return { manifests, errors: inReadingOrder(errors), warnings: inReadingOrder(build.warnings) };
  } catch (thrown) {
    // what is read is bounded in depth; JSON patches that copy may still pile it up until the stack is full
    const error = thrown instanceof RangeError ? new KustomizeError('objects are nested too deeply', { cause: thrown }) : thrown;
    if (!(error instanceof KustomizeError)) throw error;
    return { manifests: [], errors: [await toManifestError(error, build)], warnings: inReadingOrder(build.warnings) };
  } finally {
    await build.files.remotes.close();
  }
}

/**
 * What every object must have, whatever patches made of it. DEVIATION: kustomize prints objects without apiVersion; nothing can be done
 * with them.
 */
function faultsOf({ object, origin: { file, line } }: Resource): readonly ManifestError[] {
  const metadata = isObject(object.metadata) ? object.metadata : {};
  const required = { apiVersion: object.apiVersion, kind: object.kind, 'metadata.name': metadata.name };
  return Object.entries({ ...required, ...(metadata.namespace === undefined ? {} : { 'metadata.namespace': metadata.namespace }) })
    .filter(([, value]) => typeof value !== 'string' || value === '')
    .map(([path, value]) => ({
      file,
      line,
      column: 1,
      path,
      message: value === undefined || value === null || value === '' ? 'is missing' : 'must be a string',
      hint: 'every object names its apiVersion, kind and name',
    }));
}

/** What comes last, for the whole: hashes, references, vars, the order, annotations. */
async function finished(target: Target): Promise<readonly Resource[]> {
  const { map, config, vars } = await target.accumulate();
  const { kustomization } = target;
  for (const resource of map.resources) {
    if (!resource.needsHash) continue;
    const hash = contentHash(resource);
    resource.storePreviousId();
    resource.name = `${resource.name}-${hash}`;
  }
  map.idsChanged();
  await target.at([], () => fixNameReferences(map, config.nameReference));
  const unused = await target.at([], () => resolveVars(map, vars, config.varReference));
  for (const name of unused)
    target.build.warnings.push({ ...(await target.place(['vars'])), path: 'vars', message: `var ${name} is never used` });
  const kept = map.resources.filter((resource) => (resource.stringMap('annotations')[LOCAL_CONFIG] ?? 'false') === 'false');
  const sorted = await target.at([], () => sortResources(kept, kustomization.sortOptions));
  for (const resource of sorted) annotate(resource, kustomization.buildMetadata);
  return sorted;
}

const LOCAL_CONFIG = 'config.kubernetes.io/local-config';
const ORIGIN = 'config.kubernetes.io/origin';
const TRANSFORMATIONS = 'alpha.config.kubernetes.io/transformations';
const MANAGED_BY = 'app.kubernetes.io/managed-by';

/** What is said with buildMetadata; annotations become texts, and go where there are none. */
function annotate(resource: Resource, metadata: readonly string[]): void {
  const annotations = resource.stringMap('annotations');
  delete annotations[ORIGIN];
  delete annotations[TRANSFORMATIONS];
  if (metadata.includes('originAnnotations') && resource.buildOrigin) annotations[ORIGIN] = writeOrigin(resource.buildOrigin, '');
  if (metadata.includes('transformerAnnotations') && resource.transformations.length)
    annotations[TRANSFORMATIONS] = resource.transformations.map((origin) => `- ${writeOrigin(origin, '  ')}`).join('');
  resource.setStringMap('annotations', annotations);
  if (metadata.includes('managedByLabel'))
    resource.setStringMap('labels', { ...resource.stringMap('labels'), [MANAGED_BY]: 'kustomize-(devel)' });
}

/** As Go writes the struct: its fields in their order. */
function writeOrigin({ path, configuredIn, configuredBy }: BuildOrigin, indent: string): string {
  const lines = [
    ...(path === undefined ? [] : [writeYaml({ path })]),
    ...(configuredIn === undefined ? [] : [writeYaml({ configuredIn })]),
    ...(configuredBy === undefined
      ? []
      : ['configuredBy:\n', ...Object.entries(configuredBy).map(([key, value]) => `  ${writeYaml({ [key]: value })}`)]),
  ];
  return lines.join(indent);
}

async function toManifestError(error: KustomizeError, build: Build): Promise<ManifestError> {
  const { file = '', at, message, hint, position } = error;
  const place = position ?? (await placeOf(error, build));
  return { file, ...place, path: position ? '' : fieldPath(at), message, ...(hint ? { hint } : {}) };
}

async function placeOf({ file, at }: KustomizeError, build: Build): Promise<{ readonly line: number; readonly column: number }> {
  const start = { line: 1, column: 1 };
  if (file === undefined || at.length === 0) return start;
  const [document] = await build.files.reread(file);
  if (!document) return start;
  const [position] = await positionsIn(document.document.text, [{ at }]);
  return { line: document.firstLine + position!.line - 1, column: position!.column };
}
