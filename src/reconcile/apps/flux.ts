// Flux's objects as apps: Kustomizations, and the GitRepositories from which they are read. Pure: nothing is fetched or built. What Flux
// would take from OCI registries and buckets is told, and not rendered here. Releases of charts: helm-release.ts.
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import type { Manifest } from '../render/manifests.ts';
import {
  NO_METADATA,
  NO_RETRY,
  plainApp,
  type App,
  type AppSource,
  type HealthCheck,
  type HealthExpression,
  type KustomizeOverrides,
  type PostBuild,
} from './app.ts';
import { Fields, type FieldFault } from './fields.ts';

/** What a source object says: where it leads, or why that is not followed. */
export type FluxSource =
  | {
      readonly url: string;
      readonly ref: string | undefined;
      readonly ignore: string | undefined;
      /** The directory of it that is meant; all of it by default. */
      readonly root?: string;
    }
  /** A repository of charts. */
  | { readonly charts: string }
  /** A chart in an OCI registry. */
  | { readonly ociChart: string; readonly version: string }
  /** A chart of another source: the `spec` of a HelmChart. */
  | { readonly helmChart: Fields; readonly namespace: string }
  | { readonly notRendered: string };

/** `GitRepository/flux-system/fleet` */
export const sourceKey = (kind: string, namespace: string, name: string): string => `${kind}/${namespace}/${name}`;

/** @param namespace of the object */
export function readSource({ object }: Manifest, namespace: string, faults: FieldFault[]): FluxSource {
  const spec = new Fields(object.spec, 'spec', faults);
  const ref = spec.inner('ref');
  switch (object.kind) {
    case 'HelmRepository':
      return { charts: spec.required('url') };
    case 'HelmChart':
      return { helmChart: spec, namespace };
    case 'OCIRepository':
      return {
        ociChart: spec.required('url'),
        version: ['digest', 'semver', 'tag'].map((field) => ref.string(field)).find((text) => text) ?? 'latest',
      };
    case 'GitRepository':
      if (spec.list('include').length) return { notRendered: 'a GitRepository that includes others is not read here' };
      return {
        url: spec.required('url'),
        // in Flux's order of precedence; without any of them it is the branch master
        ref: ['commit', 'name', 'semver', 'tag', 'branch'].map((field) => ref.optionalString(field)).find((text) => text) ?? undefined,
        ignore: spec.optionalString('ignore'),
      };
    default:
      return { notRendered: `a ${object.kind} is not read here` };
  }
}

export const kustomizationId = (namespace: string, name: string): string => `Kustomization/${namespace}/${name}`;

/** Where the source of a Kustomization is defined. */
export function sourceOf({ object }: Manifest, namespace: string): string {
  const ref = new Fields(new Fields(object.spec, 'spec', []).value.sourceRef, 'spec.sourceRef', []);
  return sourceKey(ref.string('kind'), ref.string('namespace') || namespace, ref.string('name'));
}

/**
 * @param namespace of the Kustomization
 * @param source undefined where nothing defines it
 */
export function readKustomization(manifest: Manifest, namespace: string, source: FluxSource | undefined, faults: FieldFault[]): App {
  const { object, origin } = manifest;
  const spec = new Fields(object.spec, 'spec', faults);
  const interval = spec.duration('interval');
  const retryMs = spec.duration('retryInterval') ?? interval ?? 60_000;
  if (!spec.has('prune')) spec.fault('prune', 'is required');
  const metadata = spec.inner('commonMetadata');
  return {
    ...plainApp,
    id: kustomizationId(namespace, object.metadata.name ?? ''),
    name: object.metadata.name ?? '',
    tool: 'flux',
    origin,
    place: { file: origin.file, line: origin.line, column: 1 },
    sources: source && 'url' in source ? [gitSource(spec, source)] : [],
    namespace: spec.optionalString('targetNamespace'),
    dependsOn: spec.inners('dependsOn').map((item, i) => ({
      app: kustomizationId(item.string('namespace') || namespace, item.required('name')),
      field: `spec.dependsOn[${i}]`,
    })),
    prune: spec.boolean('prune'),
    cascade: spec.boolean('prune'),
    wait: spec.boolean('wait'),
    healthChecks: spec.boolean('wait') ? [] : spec.inners('healthChecks').map(healthCheck),
    healthExpressions: spec.inners('healthCheckExprs').map(healthExpression),
    suspend: spec.boolean('suspend'),
    // Flux applies anew at every interval
    selfHeal: true,
    // it is tried again for as long as it takes; the command's own time is the limit
    retry: { ...NO_RETRY, limit: MAX_RETRIES, firstMs: retryMs, maxMs: retryMs },
    timeoutMs: spec.duration('timeout') ?? interval,
    commonMetadata: spec.has('commonMetadata')
      ? { labels: metadata.stringMap('labels'), annotations: metadata.stringMap('annotations') }
      : NO_METADATA,
    postBuild: spec.has('postBuild') ? postBuild(spec.inner('postBuild'), namespace) : undefined,
    force: spec.boolean('force'),
    notRendered: notRendered(spec, source),
  };
}

const MAX_RETRIES = 100;

function notRendered(spec: Fields, source: FluxSource | undefined): string | undefined {
  if (source && 'notRendered' in source) return source.notRendered;
  if (source && !('url' in source)) return `a ${spec.inner('sourceRef').string('kind')} is not read here`;
  if (spec.has('kubeConfig')) return 'it goes to another cluster (spec.kubeConfig)';
  return undefined;
}

function gitSource(spec: Fields, { url, ref, ignore, root = '' }: Extract<FluxSource, { readonly url: string }>): AppSource {
  const inside = spec.string('path').replace(/^\.?\/+|^\.$/, '');
  return {
    url,
    ref,
    path: [root, inside].filter(Boolean).join('/'),
    include: [],
    exclude: ignore === undefined ? [] : ignoreGlobs(ignore),
    render: { as: 'flux', overrides: overrides(spec) },
  };
}

/** The lines of .gitignore's language that are plain globs; those that take others back are left out. */
const ignoreGlobs = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('!') && line !== '/*');

function overrides(spec: Fields): KustomizeOverrides {
  const replace: JsonObject = {};
  const said: Record<string, string> = {};
  for (const [from, to] of [
    ['targetNamespace', 'namespace'],
    ['namePrefix', 'namePrefix'],
    ['nameSuffix', 'nameSuffix'],
  ] as const)
    if (spec.string(from)) [replace[to], said[to]] = [spec.string(from), spec.at(from)];
  const append: Record<string, readonly unknown[]> = {};
  for (const field of ['patches', 'images', 'components'])
    if (spec.list(field).length) [append[field], said[field]] = [spec.list(field), spec.at(field)];
  return { replace, append, said };
}

function healthCheck(item: Fields): HealthCheck {
  return {
    apiVersion: item.string('apiVersion'),
    kind: item.required('kind'),
    name: item.required('name'),
    namespace: item.string('namespace'),
  };
}

function healthExpression(item: Fields): HealthExpression {
  return {
    apiVersion: item.required('apiVersion'),
    kind: item.required('kind'),
    current: item.required('current'),
    inProgress: item.optionalString('inProgress'),
    failed: item.optionalString('failed'),
  };
}

function postBuild(field: Fields, namespace: string): PostBuild {
  return {
    substitute: Object.fromEntries(
      Object.entries(field.inner('substitute').value).map(([name, value]) => [name, isObject(value) ? '' : String(value ?? '')]),
    ),
    substituteFrom: field.inners('substituteFrom').map((item) => ({
      kind: item.required('kind'),
      name: item.required('name'),
      optional: item.boolean('optional'),
    })),
    namespace,
    strict: false,
  };
}
