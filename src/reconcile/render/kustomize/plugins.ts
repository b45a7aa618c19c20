// Transformers that `transformers` and `validators` name in files of their own: those that are built into kustomize run here, with the
// fields that they list; anything else is a plugin, and plugins are not run.
import { isObject } from '../../../apimachinery/object.ts';
import type { DocumentSource, Steps } from '../field-origins.ts';
import type { Accumulator } from './accumulator.ts';
import type { FieldSpec } from './field-spec.ts';
import {
  FIELD_SPECS,
  IMAGE,
  PATCH,
  REPLACEMENT,
  REPLICA,
  type Image,
  type Patch,
  type Replacement,
  type Replica,
} from './kustomization.ts';
import { KustomizeError } from './kustomize-error.ts';
import { replace } from './replacement.ts';
import type { Resource } from './resource.ts';
import { replacementsOf, runJsonPatch, runPatch } from './run-transformers.ts';
import { decodeShape, type Fields } from './shape.ts';
import type { Target } from './target.ts';
import { addAffix, setEntries, setImage, setNamespace, setReplicas, type SourceOf, type SubjectsMode } from './transformers.ts';

/** @param sourceOf where the fields of the configuration stand */
type Run = (target: Target, config: unknown, into: Accumulator, sourceOf: (...at: Steps) => DocumentSource) => Promise<void> | void;

const STRING_MAP = { map: 'string' } as const;

interface WithSpecs {
  readonly fieldSpecs: readonly FieldSpec[];
}

/** What each takes, and what it does. Unlike those of kustomizations, these have no fields but those that they list. */
const BUILT_IN: Readonly<Record<string, { readonly takes: Fields['fields']; readonly run: Run }>> = {
  AnnotationsTransformer: {
    takes: { annotations: STRING_MAP, fieldSpecs: FIELD_SPECS },
    run: (_, config, { map }, sourceOf) => {
      const { annotations, fieldSpecs } = config as WithSpecs & { readonly annotations: Readonly<Record<string, string>> };
      setEntries(map, annotations, fieldSpecs, (...at) => sourceOf('annotations', ...at));
    },
  },
  LabelTransformer: {
    takes: { labels: STRING_MAP, fieldSpecs: FIELD_SPECS },
    run: (_, config, { map }, sourceOf) => {
      const { labels, fieldSpecs } = config as WithSpecs & { readonly labels: Readonly<Record<string, string>> };
      setEntries(map, labels, fieldSpecs, (...at) => sourceOf('labels', ...at));
    },
  },
  ImageTagTransformer: {
    takes: { imageTag: { fields: IMAGE }, fieldSpecs: FIELD_SPECS },
    run: (_, config, { map }, sourceOf) => {
      const { imageTag, fieldSpecs } = config as WithSpecs & { readonly imageTag: Image };
      setImage(map, imageTag, fieldSpecs, (...at) => sourceOf('imageTag', ...at));
    },
  },
  NamespaceTransformer: {
    takes: { fieldSpecs: FIELD_SPECS, unsetOnly: 'bool', setRoleBindingSubjects: 'string', namespace: 'string' },
    run: (_, config, { map }, sourceOf) => {
      const { namespace, fieldSpecs, unsetOnly, setRoleBindingSubjects } = config as WithSpecs & {
        readonly namespace: string;
        readonly unsetOnly: boolean;
        readonly setRoleBindingSubjects: string;
      };
      if (!namespace) return;
      const source = sourceOf('metadata', 'namespace');
      setNamespace(map, { namespace, specs: fieldSpecs, unsetOnly, subjects: subjectsMode(setRoleBindingSubjects), source });
    },
  },
  PatchTransformer: { takes: PATCH, run: (target, config, into, sourceOf) => runPatch(target, into, config as Patch, sourceOf('patch')) },
  PatchJson6902Transformer: {
    takes: { target: PATCH.target, path: 'string', jsonOp: 'string' },
    run: (target, config, into, sourceOf) => {
      const { jsonOp, ...rest } = config as Omit<Patch, 'patch'> & { readonly jsonOp: string };
      return runJsonPatch(target, into, { ...rest, patch: jsonOp }, sourceOf('jsonOp'));
    },
  },
  PrefixTransformer: { takes: { prefix: 'string', fieldSpecs: FIELD_SPECS }, run: affixes },
  SuffixTransformer: { takes: { suffix: 'string', fieldSpecs: FIELD_SPECS }, run: affixes },
  PrefixSuffixTransformer: { takes: { prefix: 'string', suffix: 'string', fieldSpecs: FIELD_SPECS }, run: affixes },
  ReplacementTransformer: {
    takes: { replacements: { list: { fields: { ...REPLACEMENT, path: 'string' } } } },
    run: async (target, config, { map }, sourceOf) => {
      const { replacements } = config as { readonly replacements: readonly (Replacement & { readonly path: string })[] };
      for (const [i, entry] of replacements.entries()) {
        const at: SourceOf = (...inside) => sourceOf('replacements', i, ...inside);
        for (const { replacement, sourceOf: own } of await replacementsOf(target, entry, at)) replace(map.resources, replacement, own);
      }
      map.idsChanged();
    },
  },
  ReplicaCountTransformer: {
    takes: { replica: { fields: REPLICA }, fieldSpecs: FIELD_SPECS },
    run: (_, config, { map }, sourceOf) => {
      const { replica, fieldSpecs } = config as WithSpecs & { readonly replica: Replica };
      setReplicas(map, replica, fieldSpecs, (...at) => sourceOf('replica', ...at));
    },
  },
};

function affixes(_: Target, config: unknown, { map }: Accumulator, sourceOf: SourceOf): void {
  const { prefix, suffix, fieldSpecs } = config as WithSpecs & { readonly prefix?: string; readonly suffix?: string };
  if (prefix) addAffix(map, 'prefix', prefix, fieldSpecs, sourceOf('prefix'));
  if (suffix) addAffix(map, 'suffix', suffix, fieldSpecs, sourceOf('suffix'));
}

function subjectsMode(mode: string): SubjectsMode {
  if (mode === '' || mode === 'defaultOnly') return 'defaultOnly';
  if (mode === 'allServiceAccounts' || mode === 'none') return mode;
  throw new KustomizeError(
    `invalid value ${JSON.stringify(mode)} for setRoleBindingSubjects: must be one of "defaultOnly", "none" or "allServiceAccounts"`,
    { at: ['setRoleBindingSubjects'] },
  );
}

export async function runPlugin(target: Target, plugin: Resource, into: Accumulator): Promise<void> {
  const known = plugin.object.apiVersion === 'builtin' && Object.hasOwn(BUILT_IN, plugin.kind) ? BUILT_IN[plugin.kind] : undefined;
  if (!known)
    throw new KustomizeError(`${plugin.kind} is a plugin, and plugins are not run`, {
      at: ['kind'],
      hint: `built in are ${Object.keys(BUILT_IN).join(', ')} (apiVersion: builtin)`,
    });
  const { apiVersion: _, kind: __, metadata, ...rest } = plugin.object;
  const namespace = plugin.kind === 'NamespaceTransformer' && isObject(metadata) ? { namespace: metadata.namespace ?? null } : {};
  await known.run(target, decodeShape({ fields: known.takes }, { ...rest, ...namespace }), into, (...at) => ({
    origin: plugin.origin,
    at,
  }));
}
