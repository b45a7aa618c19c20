// A kustomization file: its fields, decoded strictly, with what is deprecated moved to where it belongs. Follows kustomize's
// types/kustomization.go.
import type { FieldSpec } from './field-spec.ts';
import { KustomizeError } from './kustomize-error.ts';
import { decodeShape, type Fields, type Shape } from './shape.ts';

/** Empty fields mean all. */
export interface Selector {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly labelSelector: string;
  readonly annotationSelector: string;
}

export interface Patch {
  readonly path: string;
  readonly patch: string;
  readonly target: Selector | undefined;
  readonly options: Readonly<Record<string, boolean>>;
}

export interface Image {
  readonly name: string;
  readonly newName: string;
  readonly newTag: string;
  readonly tagSuffix: string;
  readonly digest: string;
}

export interface Replica {
  readonly name: string;
  readonly count: number;
}

export interface LabelsEntry {
  readonly pairs: Readonly<Record<string, string>>;
  readonly includeSelectors: boolean;
  readonly includeTemplates: boolean;
  readonly fields: readonly FieldSpec[];
}

export interface GeneratorOptions {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly disableNameSuffixHash: boolean;
  readonly immutable: boolean;
}

export interface GeneratorArgs {
  readonly name: string;
  readonly namespace: string;
  readonly behavior: string;
  readonly literals: readonly string[];
  readonly files: readonly string[];
  readonly envs: readonly string[];
  readonly env: string;
  readonly options: GeneratorOptions | undefined;
  /** Of Secrets. */
  readonly type?: string;
}

export interface FieldOptions {
  readonly delimiter: string;
  readonly index: number;
  readonly encoding: string;
  readonly create: boolean;
}

export interface ReplacementSource extends Omit<Selector, 'labelSelector' | 'annotationSelector'> {
  readonly fieldPath: string;
  readonly options: FieldOptions | undefined;
}

export interface ReplacementTarget {
  readonly select: Selector | undefined;
  readonly reject: readonly Selector[];
  readonly fieldPaths: readonly string[];
  readonly options: FieldOptions | undefined;
}

export interface Replacement {
  readonly source: ReplacementSource | undefined;
  readonly targets: readonly ReplacementTarget[];
}

export interface Var {
  readonly name: string;
  readonly objref: {
    readonly apiVersion: string;
    readonly group: string;
    readonly version: string;
    readonly kind: string;
    readonly name: string;
    readonly namespace: string;
  };
  readonly fieldref: { readonly fieldPath: string };
}

export interface SortOptions {
  readonly order: string;
  readonly legacySortOptions: { readonly orderFirst: readonly string[]; readonly orderLast: readonly string[] } | undefined;
}

/** Where charts lie; what Helm itself is configured with makes no difference. */
export interface HelmGlobals {
  readonly chartHome: string;
}

export interface HelmChartArgs {
  readonly name: string;
  readonly version: string;
  readonly repo: string;
  readonly releaseName: string;
  readonly namespace: string;
  readonly valuesFile: string;
  readonly additionalValuesFiles: readonly string[];
  readonly valuesInline: unknown;
  readonly valuesMerge: string;
  readonly includeCRDs: boolean;
  readonly skipHooks: boolean;
  readonly apiVersions: readonly string[];
  readonly kubeVersion: string;
}

export interface Kustomization {
  readonly apiVersion: string;
  readonly kind: string;
  readonly openapi: Readonly<Record<string, string>>;
  readonly namePrefix: string;
  readonly nameSuffix: string;
  readonly namespace: string;
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly labels: readonly LabelsEntry[];
  readonly commonAnnotations: Readonly<Record<string, string>>;
  readonly patchesStrategicMerge: readonly string[];
  readonly patchesJson6902: readonly Patch[];
  readonly patches: readonly Patch[];
  readonly images: readonly Image[];
  readonly imageTags: readonly Image[];
  readonly replacements: readonly (Replacement & { readonly path: string })[];
  readonly replicas: readonly Replica[];
  readonly vars: readonly Var[];
  readonly sortOptions: SortOptions | undefined;
  readonly resources: readonly string[];
  readonly components: readonly string[];
  readonly crds: readonly string[];
  readonly bases: readonly string[];
  readonly configMapGenerator: readonly GeneratorArgs[];
  readonly secretGenerator: readonly GeneratorArgs[];
  readonly helmGlobals: HelmGlobals;
  readonly helmCharts: readonly HelmChartArgs[];
  readonly helmChartInflationGenerator: unknown;
  readonly generatorOptions: GeneratorOptions | undefined;
  readonly configurations: readonly string[];
  readonly generators: readonly string[];
  readonly transformers: readonly string[];
  readonly validators: readonly string[];
  readonly buildMetadata: readonly string[];
}

const STRINGS: Shape = { list: 'string' };
const STRING_MAP: Shape = { map: 'string' };
const GVK = { group: 'string', version: 'string', kind: 'string' } as const;
const ID = { ...GVK, name: 'string', namespace: 'string' } as const;
export const SELECTOR = { ...ID, labelSelector: 'string', annotationSelector: 'string' } as const;
export const FIELD_SPECS: Shape = { list: { fields: { ...GVK, path: 'string', create: 'bool' } } };
export const PATCH = {
  path: 'string',
  patch: 'string',
  target: { fields: SELECTOR, optional: true },
  options: { map: 'bool' },
} as const satisfies Fields['fields'];
export const IMAGE = { name: 'string', newName: 'string', newTag: 'string', tagSuffix: 'string', digest: 'string' } as const;
const OPTIONS: Fields = {
  fields: { labels: STRING_MAP, annotations: STRING_MAP, disableNameSuffixHash: 'bool', immutable: 'bool' },
  optional: true,
};
export const GENERATOR = {
  name: 'string',
  namespace: 'string',
  behavior: 'string',
  literals: STRINGS,
  files: STRINGS,
  envs: STRINGS,
  env: 'string',
  options: OPTIONS,
} as const satisfies Fields['fields'];
const FIELD_OPTIONS: Fields = { fields: { delimiter: 'string', index: 'int', encoding: 'string', create: 'bool' }, optional: true };
export const REPLACEMENT = {
  source: { fields: { ...ID, fieldPath: 'string', options: FIELD_OPTIONS }, optional: true },
  targets: {
    list: {
      fields: {
        select: { fields: SELECTOR, optional: true },
        reject: { list: { fields: SELECTOR } },
        fieldPaths: STRINGS,
        options: FIELD_OPTIONS,
      },
    },
  },
} as const satisfies Fields['fields'];
export const REPLICA = { name: 'string', count: 'int' } as const;

const META: Shape = { fields: { name: 'string', namespace: 'string', labels: STRING_MAP, annotations: STRING_MAP }, optional: true };

const HELM_CHART = {
  name: 'string',
  version: 'string',
  repo: 'string',
  releaseName: 'string',
  namespace: 'string',
  nameTemplate: 'string',
  valuesFile: 'string',
  additionalValuesFiles: STRINGS,
  valuesInline: 'any',
  valuesMerge: 'string',
  includeCRDs: 'bool',
  skipHooks: 'bool',
  skipTests: 'bool',
  apiVersions: STRINGS,
  kubeVersion: 'string',
  debug: 'bool',
} as const;

const KUSTOMIZATION: Fields = {
  fields: {
    apiVersion: 'string',
    kind: 'string',
    metadata: META,
    openapi: STRING_MAP,
    namePrefix: 'string',
    nameSuffix: 'string',
    namespace: 'string',
    commonLabels: STRING_MAP,
    labels: { list: { fields: { pairs: STRING_MAP, includeSelectors: 'bool', includeTemplates: 'bool', fields: FIELD_SPECS } } },
    commonAnnotations: STRING_MAP,
    patchesStrategicMerge: STRINGS,
    patchesJson6902: { list: { fields: PATCH } },
    patches: { list: { fields: PATCH } },
    images: { list: { fields: IMAGE } },
    imageTags: { list: { fields: IMAGE } },
    replacements: { list: { fields: { ...REPLACEMENT, path: 'string' } } },
    replicas: { list: { fields: REPLICA } },
    vars: {
      list: {
        fields: { name: 'string', objref: { fields: { apiVersion: 'string', ...ID } }, fieldref: { fields: { fieldPath: 'string' } } },
      },
    },
    sortOptions: {
      fields: {
        order: 'string',
        legacySortOptions: { fields: { orderFirst: STRINGS, orderLast: STRINGS }, optional: true },
      },
      optional: true,
    },
    resources: STRINGS,
    components: STRINGS,
    crds: STRINGS,
    bases: STRINGS,
    configMapGenerator: { list: { fields: GENERATOR } },
    secretGenerator: { list: { fields: { ...GENERATOR, type: 'string' } } },
    helmGlobals: { fields: { chartHome: 'string', configHome: 'string' } },
    helmCharts: { list: { fields: HELM_CHART } },
    helmChartInflationGenerator: 'any',
    generatorOptions: OPTIONS,
    configurations: STRINGS,
    generators: STRINGS,
    transformers: STRINGS,
    validators: STRINGS,
    buildMetadata: STRINGS,
  },
};

export interface DecodedKustomization {
  readonly kustomization: Kustomization;
  /** Deprecated fields that are used, each with what takes its place. */
  readonly deprecated: readonly { readonly field: string; readonly instead: string }[];
}

const DEPRECATED: Readonly<Record<string, string>> = {
  bases: 'resources',
  commonLabels: 'labels',
  imageTags: 'images',
  patchesJson6902: 'patches',
  patchesStrategicMerge: 'patches',
  vars: 'replacements',
};

export const COMPONENT = 'Component';

/** Throws {@link KustomizeError}. */
export function decodeKustomization(value: unknown): DecodedKustomization {
  if (value === null || value === undefined) throw new KustomizeError('kustomization.yaml is empty');
  const decoded = decodeShape(KUSTOMIZATION, value) as Kustomization & { readonly metadata: unknown };
  const given = Object.entries(value as Record<string, unknown>).filter(([, field]) => field !== null);
  const isSaid = given.some(([key, field]) => !['apiVersion', 'kind'].includes(key) && !isEmpty(field));
  if (!isSaid) throw new KustomizeError('kustomization.yaml is empty', { hint: 'name the files under resources' });
  const kind = decoded.kind || 'Kustomization';
  if (kind !== 'Kustomization' && kind !== COMPONENT)
    throw new KustomizeError(`kind should be Kustomization or Component, not ${kind}`, { at: ['kind'] });
  const required = kind === COMPONENT ? 'kustomize.config.k8s.io/v1alpha1' : 'kustomize.config.k8s.io/v1beta1';
  const apiVersion = decoded.apiVersion || required;
  if (apiVersion !== required) throw new KustomizeError(`apiVersion for ${kind} should be ${required}`, { at: ['apiVersion'] });
  return {
    kustomization: { ...decoded, kind, apiVersion },
    deprecated: given.flatMap(([field]) => (DEPRECATED[field] ? [{ field, instead: DEPRECATED[field] }] : [])),
  };
}

const isEmpty = (value: unknown): boolean => value === '';
