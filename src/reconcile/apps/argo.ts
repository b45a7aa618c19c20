// Argo CD's Applications as apps. Pure: nothing is fetched or built. Plugins and other clusters are told, and not rendered here.
import type { JsonObject } from '../../apimachinery/object.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import type { ManifestOrigin } from '../render/origin.ts';
import {
  NO_METADATA,
  NO_RETRY,
  plainApp,
  type App,
  type AppSource,
  type CommonMetadata,
  type KustomizeOverrides,
  type Lender,
  type RetryPolicy,
} from './app.ts';
import { Fields, type FieldFault } from './fields.ts';
import { readHelm } from './helm-fields.ts';
import { ignoreDifference } from './ignore-difference.ts';

export const ARGO_NAMESPACE = 'argocd';

export const applicationId = (namespace: string, name: string): string => `Application/${namespace}/${name}`;

/** On an Application whose objects go with it. */
const FINALIZER = 'resources-finalizer.argocd.argoproj.io';

/** The cluster in which Argo CD itself runs. */
const HERE = new Set(['https://kubernetes.default.svc', 'in-cluster']);

/** @param origin of the object, or of the ApplicationSet that makes it */
export function readApplication(object: DesiredObject, origin: ManifestOrigin, faults: FieldFault[]): App {
  const spec = new Fields(object.spec, 'spec', faults);
  const destination = spec.inner('destination');
  const policy = spec.inner('syncPolicy');
  const automated = policy.has('automated') && policy.inner('automated').boolean('enabled', true);
  const namespaceMetadata = policy.inner('managedNamespaceMetadata');
  const name = object.metadata.name ?? '';
  const written = spec.has('sources') ? spec.inners('sources') : spec.has('source') ? [spec.inner('source')] : [];
  if (written.length === 0) spec.fault('source', 'is required', 'name a source, or sources');
  return {
    ...plainApp,
    id: applicationId(object.metadata.namespace || ARGO_NAMESPACE, name),
    name,
    tool: 'argocd',
    origin,
    place: { file: origin.file, line: origin.line, column: 1 },
    // a source that only lends its files to another one has no objects of its own
    sources: written.filter((source) => !isLender(source)).map((source) => readSource(source, origin.file)),
    lenders: new Map(written.filter((source) => source.string('ref')).map((source) => [source.string('ref'), lenderOf(source)])),
    namespace: destination.string('namespace') || 'default',
    // what nobody automated is pruned only when a person asks for it
    prune: automated && policy.inner('automated').boolean('prune'),
    cascade: (object.metadata.finalizers ?? []).some((finalizer) => finalizer.startsWith(FINALIZER)),
    // Argo CD does not judge an Application by what it holds
    wait: false,
    selfHeal: automated && policy.inner('automated').boolean('selfHeal'),
    retry: retryPolicy(policy, automated),
    syncOptions: policy.strings('syncOptions'),
    ignoreDifferences: spec.inners('ignoreDifferences').map(ignoreDifference),
    namespaceMetadata: policy.has('managedNamespaceMetadata') ? metadataOf(namespaceMetadata) : NO_METADATA,
    wave: waveOf(object),
    project: spec.string('project') || 'default',
    notRendered: elsewhere(destination) ?? written.map(unrendered).find((reason) => reason !== undefined),
  };
}

const isLender = (source: Fields): boolean => source.has('ref') && !source.string('path') && !source.string('chart');

function waveOf({ metadata }: DesiredObject): number {
  const text = metadata.annotations?.['argocd.argoproj.io/sync-wave'] ?? '';
  return /^[+-]?\d+$/.test(text) ? Number(text) : 0;
}

function elsewhere(destination: Fields): string | undefined {
  const [server, name] = [destination.string('server'), destination.string('name')];
  if (server && name) destination.fault('name', 'cannot be given beside server');
  if (!server && !name) destination.fault('server', 'is required', 'https://kubernetes.default.svc is the cluster itself');
  const given = server || name;
  return !given || HERE.has(given) ? undefined : `it goes to another cluster (${given})`;
}

function unrendered(source: Fields): string | undefined {
  if (source.has('plugin')) return 'plugins are not run here';
  if (source.inner('directory').has('jsonnet') && Object.keys(source.inner('directory').inner('jsonnet').value).length)
    return 'Jsonnet is not rendered here';
  return undefined;
}

function lenderOf(source: Fields): Lender {
  const revision = source.string('targetRevision');
  return { url: source.required('repoURL'), ref: revision === '' || revision === 'HEAD' ? undefined : revision };
}

/** @param file in which it is said */
function readSource(source: Fields, file: string): AppSource {
  const directory = source.inner('directory');
  const list = (field: string): string[] => (directory.string(field) ? [directory.string(field)] : []);
  const chart = source.string('chart');
  return {
    ...lenderOf(source),
    path: chart ? '' : source.string('path').replace(/^(?:\.?\/)+|^\.$/, ''),
    include: list('include'),
    exclude: list('exclude'),
    render: { as: 'argocd', overrides: overrides(source.inner('kustomize')), recurse: directory.boolean('recurse') },
    helm: readHelm(source.inner('helm'), file),
    ...(chart ? { chart } : {}),
  };
}

/** What Argo CD tells `kustomize edit` to set. */
function overrides(kustomize: Fields): KustomizeOverrides {
  const replace: JsonObject = {};
  for (const field of ['namePrefix', 'nameSuffix', 'namespace']) if (kustomize.string(field)) replace[field] = kustomize.string(field);
  const append: Record<string, readonly unknown[]> = {};
  const labels = kustomize.stringMap('commonLabels');
  if (Object.keys(labels).length)
    append.labels = [
      {
        pairs: labels,
        includeSelectors: !kustomize.boolean('labelWithoutSelector'),
        includeTemplates: kustomize.boolean('labelIncludeTemplates'),
      },
    ];
  const annotations = kustomize.stringMap('commonAnnotations');
  if (Object.keys(annotations).length) replace.commonAnnotations = annotations;
  if (kustomize.list('images').length) append.images = kustomize.strings('images').map(imageOverride);
  if (kustomize.list('replicas').length)
    append.replicas = kustomize
      .inners('replicas')
      .map((replica) => ({ name: replica.required('name'), count: Number(replica.value.count ?? 0) }));
  for (const field of ['patches', 'components']) if (kustomize.list(field).length) append[field] = kustomize.list(field);
  const said = Object.fromEntries([...Object.keys(replace), ...Object.keys(append)].map((field) => [field, kustomize.at(field)]));
  return { replace, append, said: append.labels ? { ...said, labels: kustomize.at('commonLabels') } : said };
}

/** `[name=]newName[:tag][@digest]`, as `kustomize edit set image` takes it. */
export function imageOverride(text: string): JsonObject {
  const equals = text.indexOf('=');
  const [given, target] = equals < 0 ? [undefined, text] : [text.slice(0, equals), text.slice(equals + 1)];
  const [, withTag = target, digest] = /^(.*?)(?:@(.+))?$/.exec(target)!;
  const colon = withTag.lastIndexOf(':');
  const [image, tag] = colon > withTag.lastIndexOf('/') ? [withTag.slice(0, colon), withTag.slice(colon + 1)] : [withTag, ''];
  return {
    name: given ?? image,
    ...(given === undefined ? {} : { newName: image }),
    ...(digest ? { digest } : tag ? { newTag: tag } : {}),
  };
}

/** Argo CD's own values where nothing is said. */
const BACKOFF = { firstMs: 5000, factor: 2, maxMs: 180_000 };
const AUTOMATED_RETRIES = 5;

function retryPolicy(policy: Fields, automated: boolean): RetryPolicy {
  if (!policy.has('retry')) return automated ? { limit: AUTOMATED_RETRIES, ...BACKOFF } : NO_RETRY;
  const retry = policy.inner('retry');
  const backoff = retry.inner('backoff');
  const limit = retry.integer('limit') ?? 0;
  return {
    // a negative number stands for no limit
    limit: limit < 0 ? 100 : limit,
    firstMs: backoff.duration('duration') ?? BACKOFF.firstMs,
    factor: backoff.integer('factor') ?? BACKOFF.factor,
    maxMs: backoff.duration('maxDuration') ?? BACKOFF.maxMs,
  };
}

const metadataOf = (field: Fields): CommonMetadata => ({ labels: field.stringMap('labels'), annotations: field.stringMap('annotations') });
