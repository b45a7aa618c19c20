// The transformers that fields of a kustomization ask for, in the order in which kustomize runs them.
import type { DocumentSource, Steps } from '../field-origins.ts';
import { ManifestDocument } from '../manifest-document.ts';
import { documentOrigin } from '../origin.ts';
import type { Accumulator } from './accumulator.ts';
import { mergeSpecs, type FieldSpec } from './field-spec.ts';
import type { Dialect, PlacedValue } from './files.ts';
import { REPLACEMENT, type LabelsEntry, type Patch, type Replacement } from './kustomization.ts';
import { KustomizeError, placed } from './kustomize-error.ts';
import { applyPatch, readPatch, type ReadPatch } from './patches.ts';
import { replace } from './replacement.ts';
import { decodeShape } from './shape.ts';
import type { Target } from './target.ts';
import type { TransformerConfig } from './transformer-config.ts';
import { addAffix, setEntries, setImage, setNamespace, setReplicas, type SourceOf } from './transformers.ts';

export async function runTransformers(target: Target, into: Accumulator): Promise<void> {
  const { kustomization: k } = target;
  const { map, config } = into;
  const done = (kind: string): void => {
    const origin = target.configuredBy(kind);
    if (origin) for (const resource of map.resources) resource.transformations.push(origin);
    map.dropDeleted();
  };
  await target.each('patchesStrategicMerge', k.patchesStrategicMerge, async (entry, i) =>
    applyPatch(map, await strategicEntry(target, entry, target.sourceOf('patchesStrategicMerge', i)), undefined, {
      allowNameChange: false,
      allowKindChange: false,
      schemas: target.build.mergeSchemas,
    }),
  );
  if (k.patchesStrategicMerge.length) done('PatchStrategicMergeTransformer');
  await target.each('patches', k.patches, async (patch, i) => {
    await runPatch(target, into, patch, target.sourceOf('patches', i, 'patch'));
    done('PatchTransformer');
  });
  if (k.namespace) {
    const source = target.sourceOf('namespace');
    await target.at(['namespace'], () => setNamespace(map, { namespace: k.namespace, specs: config.namespace, source }));
    done('NamespaceTransformer');
  }
  if (k.namePrefix) {
    await target.at(['namePrefix'], () => addAffix(map, 'prefix', k.namePrefix, config.namePrefix, target.sourceOf('namePrefix')));
    done('PrefixTransformer');
  }
  if (k.nameSuffix) {
    await target.at(['nameSuffix'], () => addAffix(map, 'suffix', k.nameSuffix, config.nameSuffix, target.sourceOf('nameSuffix')));
    done('SuffixTransformer');
  }
  const within =
    (...above: Steps): SourceOf =>
    (...at) =>
      target.sourceOf(...above, ...at);
  await target.each('labels', k.labels, (entry, i) => {
    setEntries(map, entry.pairs, labelSpecs(entry, config), within('labels', i, 'pairs'));
    done('LabelTransformer');
  });
  await target.at(['commonLabels'], () => setEntries(map, k.commonLabels, config.commonLabels, within('commonLabels')));
  if (k.labels.length || Object.keys(k.commonLabels).length) done('LabelTransformer');
  await target.at(['commonAnnotations'], () => setEntries(map, k.commonAnnotations, config.commonAnnotations, within('commonAnnotations')));
  if (Object.keys(k.commonAnnotations).length) done('AnnotationsTransformer');
  await target.each('patchesJson6902', k.patchesJson6902, async (patch, i) => {
    await runJsonPatch(target, into, patch, target.sourceOf('patchesJson6902', i, 'patch'));
    done('PatchJson6902Transformer');
  });
  await target.each('replicas', k.replicas, (replica, i) => {
    setReplicas(map, replica, config.replicas, within('replicas', i));
    done('ReplicaCountTransformer');
  });
  for (const field of ['images', 'imageTags'] as const)
    await target.each(field, k[field], (image, i) => {
      setImage(map, image, config.images, within(field, i));
      done('ImageTagTransformer');
    });
  await target.each('replacements', k.replacements, async (entry, i) => {
    for (const { replacement, file, sourceOf } of await replacementsOf(target, entry, within('replacements', i))) {
      try {
        replace(map.resources, replacement, sourceOf);
      } catch (error) {
        throw file === undefined ? error : placed(error, { file, at: [] });
      }
    }
  });
  map.idsChanged();
  if (k.replacements.length) done('ReplacementTransformer');
}

function labelSpecs({ fields, includeSelectors, includeTemplates }: LabelsEntry, config: TransformerConfig): readonly FieldSpec[] {
  const specs = mergeSpecs(fields, config.labels);
  if (includeSelectors) return mergeSpecs(specs, config.commonLabels);
  const more = includeTemplates ? mergeSpecs(specs, config.templateLabels) : specs;
  return mergeSpecs(more, [{ path: 'metadata/labels', create: true }]);
}

/** @param where the text stands */
async function readText(target: Target, given: string, source: string, where: DocumentSource): Promise<ReadPatch> {
  const patch = given.trim();
  const before = given.slice(0, given.indexOf(patch)).split('\n').length - 1;
  const documents = await documentsOf((dialect) => target.build.files.parse(patch, target.file, dialect));
  const placedDocuments = documents.map(({ value, document, firstLine }) => ({
    value,
    source: { ...where, inner: { document, firstLine: before + firstLine, at: [] } },
  }));
  return readPatch({ documents: placedDocuments, text: patch }, source);
}

async function readFile(target: Target, path: string): Promise<ReadPatch> {
  const file = await target.load(path);
  const documents = (await documentsOf((dialect) => target.build.files.documents(file, dialect))).map(
    ({ value, document, firstLine }, i) => {
      const origin = documentOrigin(file.name, i + 1, { document, firstLine });
      return { value, source: { origin, at: [] } };
    },
  );
  return readPatch({ documents, text: Buffer.from(file.bytes).toString() }, `[path: ${JSON.stringify(path)}]`, file.name);
}

/** A patch that turns out to be one of JSON is read as such. */
async function documentsOf(read: (dialect: Dialect) => Promise<readonly PlacedValue[]>): Promise<readonly PlacedValue[]> {
  const documents = await read('resources');
  return documents.some(({ value }) => Array.isArray(value)) ? read('own') : documents;
}

/** What may be a patch or the path of one. */
async function strategicEntry(target: Target, entry: string, where: DocumentSource): Promise<ReadPatch> {
  const read = /\n|^\s*\{/.test(entry) ? await readText(target, entry, '[patch]', where) : await readFile(target, entry);
  if (read.kind === 'json') throw new KustomizeError('a JSON patch cannot stand here', { hint: 'name it under patches, with its target' });
  return read;
}

/** @param where a patch in its place stands */
export async function runPatch(
  target: Target,
  into: Accumulator,
  { path, patch, target: selector, options }: Patch,
  where: DocumentSource,
): Promise<void> {
  const trimmed = patch.trim();
  if (trimmed === '' && path === '') throw new KustomizeError('must specify one of patch and path');
  if (trimmed !== '' && path !== '') throw new KustomizeError("patch and path can't be set at the same time");
  const read = path === '' ? await readText(target, patch, '[patch]', where) : await readFile(target, path);
  applyPatch(into.map, read, selector, {
    allowNameChange: options.allowNameChange === true,
    allowKindChange: options.allowKindChange === true,
    schemas: target.build.mergeSchemas,
  });
}

/** @param where a patch in its place stands */
export async function runJsonPatch(
  target: Target,
  into: Accumulator,
  { path, patch, target: selector }: Patch,
  where: DocumentSource,
): Promise<void> {
  if (!selector || selector.name === '') throw new KustomizeError('must specify the target name', { at: ['target'] });
  if (path === '' && patch === '') throw new KustomizeError('empty file path and empty jsonOp');
  if (path !== '' && patch !== '') throw new KustomizeError('must specify a file path or jsonOp, not both');
  const read = path === '' ? await readText(target, patch, '[patch]', where) : await readFile(target, path);
  if (read.kind !== 'json') throw new KustomizeError('must be a JSON patch: a list of operations');
  applyPatch(into.map, read, selector, { allowNameChange: false, allowKindChange: false, schemas: target.build.mergeSchemas });
}

interface LoadedReplacement {
  readonly replacement: Replacement;
  readonly file?: string;
  readonly sourceOf: SourceOf;
}

export async function replacementsOf(
  target: Target,
  entry: Replacement & { readonly path: string },
  sourceOf: SourceOf,
): Promise<readonly LoadedReplacement[]> {
  if (entry.path === '') return [{ replacement: entry, sourceOf }];
  if (entry.source || entry.targets.length) throw new KustomizeError('cannot specify both path and inline replacement');
  const file = await target.load(entry.path);
  const [document] = await target.build.files.documents(file, 'own');
  const value = document?.value;
  try {
    const list = Array.isArray(value) ? value : [value];
    const { document: text, firstLine } = document ?? { document: ManifestDocument.ofText(''), firstLine: 1 };
    const origin = documentOrigin(file.name, 1, { document: text, firstLine });
    return list.map((item, i) => ({
      sourceOf: (...at: Steps) => ({ origin, at: [...(Array.isArray(value) ? [i] : []), ...at] }),
      replacement: decodeShape({ fields: REPLACEMENT }, item, Array.isArray(value) ? [i] : []) as Replacement,
      file: file.name,
    }));
  } catch (error) {
    throw placed(error, { file: file.name, at: [] });
  }
}
