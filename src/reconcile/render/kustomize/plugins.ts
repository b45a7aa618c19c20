// Transformers that `transformers` and `validators` name in files of their own: those that are built into kustomize run here, with the
// fields that they list; anything else is a plugin, and plugins are not run.
import { isObject } from '../../../apimachinery/object.ts';
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
import { addAffix, setEntries, setImage, setNamespace, setReplicas, type SubjectsMode } from './transformers.ts';

type Run = (target: Target, config: unknown, into: Accumulator) => Promise<void> | void;

const STRING_MAP = { map: 'string' } as const;

interface WithSpecs {
  readonly fieldSpecs: readonly FieldSpec[];
}

/** What each takes, and what it does. Unlike those of kustomizations, these have no fields but those that they list. */
const BUILT_IN: Readonly<Record<string, { readonly takes: Fields['fields']; readonly run: Run }>> = {
  AnnotationsTransformer: {
    takes: { annotations: STRING_MAP, fieldSpecs: FIELD_SPECS },
    run: (_, config, { map }) => {
      const { annotations, fieldSpecs } = config as WithSpecs & { readonly annotations: Readonly<Record<string, string>> };
      setEntries(map, annotations, fieldSpecs);
    },
  },
  LabelTransformer: {
    takes: { labels: STRING_MAP, fieldSpecs: FIELD_SPECS },
    run: (_, config, { map }) => {
      const { labels, fieldSpecs } = config as WithSpecs & { readonly labels: Readonly<Record<string, string>> };
      setEntries(map, labels, fieldSpecs);
    },
  },
  ImageTagTransformer: {
    takes: { imageTag: { fields: IMAGE }, fieldSpecs: FIELD_SPECS },
    run: (_, config, { map }) => {
      const { imageTag, fieldSpecs } = config as WithSpecs & { readonly imageTag: Image };
      setImage(map, imageTag, fieldSpecs);
    },
  },
  NamespaceTransformer: {
    takes: { fieldSpecs: FIELD_SPECS, unsetOnly: 'bool', setRoleBindingSubjects: 'string', namespace: 'string' },
    run: (_, config, { map }) => {
      const { namespace, fieldSpecs, unsetOnly, setRoleBindingSubjects } = config as WithSpecs & {
        readonly namespace: string;
        readonly unsetOnly: boolean;
        readonly setRoleBindingSubjects: string;
      };
      if (namespace) setNamespace(map, { namespace, specs: fieldSpecs, unsetOnly, subjects: subjectsMode(setRoleBindingSubjects) });
    },
  },
  PatchTransformer: { takes: PATCH, run: (target, config, into) => runPatch(target, into, config as Patch) },
  PatchJson6902Transformer: {
    takes: { target: PATCH.target, path: 'string', jsonOp: 'string' },
    run: (target, config, into) => {
      const { jsonOp, ...rest } = config as Omit<Patch, 'patch'> & { readonly jsonOp: string };
      return runJsonPatch(target, into, { ...rest, patch: jsonOp });
    },
  },
  PrefixTransformer: { takes: { prefix: 'string', fieldSpecs: FIELD_SPECS }, run: affixes },
  SuffixTransformer: { takes: { suffix: 'string', fieldSpecs: FIELD_SPECS }, run: affixes },
  PrefixSuffixTransformer: { takes: { prefix: 'string', suffix: 'string', fieldSpecs: FIELD_SPECS }, run: affixes },
  ReplacementTransformer: {
    takes: { replacements: { list: { fields: { ...REPLACEMENT, path: 'string' } } } },
    run: async (target, config, { map }) => {
      const { replacements } = config as { readonly replacements: readonly (Replacement & { readonly path: string })[] };
      for (const entry of replacements)
        for (const { replacement } of await replacementsOf(target, entry)) replace(map.resources, replacement);
      map.idsChanged();
    },
  },
  ReplicaCountTransformer: {
    takes: { replica: { fields: REPLICA }, fieldSpecs: FIELD_SPECS },
    run: (_, config, { map }) => {
      const { replica, fieldSpecs } = config as WithSpecs & { readonly replica: Replica };
      setReplicas(map, replica, fieldSpecs);
    },
  },
};

function affixes(_: Target, config: unknown, { map }: Accumulator): void {
  const { prefix, suffix, fieldSpecs } = config as WithSpecs & { readonly prefix?: string; readonly suffix?: string };
  if (prefix) addAffix(map, 'prefix', prefix, fieldSpecs);
  if (suffix) addAffix(map, 'suffix', suffix, fieldSpecs);
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
  await known.run(target, decodeShape({ fields: known.takes }, { ...rest, ...namespace }), into);
}
