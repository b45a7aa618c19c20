// Which fields the transformers of a kustomization work on: the built-in ones, those of its `configurations`, and what its `crds` say of
// custom resources. Bases hand theirs up. Follows kustomize's builtinconfig.
import { isObject } from '../../../apimachinery/object.ts';
import { COMMON_ANNOTATIONS, COMMON_LABELS, IMAGES, NAME, NAMESPACE, REPLICAS, TEMPLATE_LABELS, VAR_REFERENCE } from './default-config.ts';
import { NAME_REFERENCES, type NameReference } from './default-references.ts';
import { mergeSpecs, type FieldSpec } from './field-spec.ts';
import { FIELD_SPECS } from './kustomization.ts';
import { decodeShape, type Fields } from './shape.ts';

export interface TransformerConfig {
  readonly namePrefix: readonly FieldSpec[];
  readonly nameSuffix: readonly FieldSpec[];
  readonly namespace: readonly FieldSpec[];
  readonly commonLabels: readonly FieldSpec[];
  readonly labels: readonly FieldSpec[];
  readonly templateLabels: readonly FieldSpec[];
  readonly commonAnnotations: readonly FieldSpec[];
  readonly nameReference: readonly NameReference[];
  readonly varReference: readonly FieldSpec[];
  readonly images: readonly FieldSpec[];
  readonly replicas: readonly FieldSpec[];
}

export const DEFAULT_CONFIG: TransformerConfig = {
  namePrefix: NAME,
  nameSuffix: NAME,
  namespace: NAMESPACE,
  commonLabels: COMMON_LABELS,
  labels: [],
  templateLabels: TEMPLATE_LABELS,
  commonAnnotations: COMMON_ANNOTATIONS,
  nameReference: NAME_REFERENCES,
  varReference: VAR_REFERENCE,
  images: IMAGES,
  replicas: REPLICAS,
};

export const EMPTY_CONFIG: TransformerConfig = {
  namePrefix: [],
  nameSuffix: [],
  namespace: [],
  commonLabels: [],
  labels: [],
  templateLabels: [],
  commonAnnotations: [],
  nameReference: [],
  varReference: [],
  images: [],
  replicas: [],
};

const SPEC_LISTS = Object.keys(EMPTY_CONFIG).filter((key) => key !== 'nameReference') as Exclude<
  keyof TransformerConfig,
  'nameReference'
>[];

export function mergeConfigs(a: TransformerConfig, b: TransformerConfig): TransformerConfig {
  if (a === b || b === EMPTY_CONFIG) return a;
  if (a === EMPTY_CONFIG) return b;
  const lists = Object.fromEntries(SPEC_LISTS.map((key) => [key, a[key] === b[key] ? a[key] : mergeSpecs(a[key], b[key])]));
  return { ...a, ...lists, nameReference: mergeReferences(a.nameReference, b.nameReference) };
}

function mergeReferences(a: readonly NameReference[], b: readonly NameReference[]): readonly NameReference[] {
  if (a === b) return a;
  const out = [...a];
  for (const reference of b) {
    const i = out.findIndex(
      ({ group, version, kind }) =>
        (group ?? '') === (reference.group ?? '') &&
        (version ?? '') === (reference.version ?? '') &&
        (kind ?? '') === (reference.kind ?? ''),
    );
    if (i < 0) out.push(reference);
    else out[i] = { ...out[i]!, fieldSpecs: mergeSpecs(out[i]!.fieldSpecs, reference.fieldSpecs) };
  }
  return out;
}

const CONFIGURATION: Fields = {
  fields: {
    ...Object.fromEntries(SPEC_LISTS.map((key) => [key, FIELD_SPECS])),
    nameReference: { list: { fields: { group: 'string', version: 'string', kind: 'string', fieldSpecs: FIELD_SPECS } } },
  },
};

/** A file of `configurations`. Throws {@link KustomizeError}. */
export const decodeConfiguration = (value: unknown): TransformerConfig => decodeShape(CONFIGURATION, value) as TransformerConfig;

/** A file of `crds`: OpenAPI definitions by name, with kustomize's extensions. */
export function configOfDefinitions(definitions: unknown): TransformerConfig {
  let config = EMPTY_CONFIG;
  if (!isObject(definitions)) return config;
  for (const [name, definition] of Object.entries(definitions)) {
    const properties = propertiesOf(definition);
    if (!('kind' in properties && 'apiVersion' in properties && 'metadata' in properties)) continue;
    const collected = { annotations: [], labels: [], names: [], references: [] };
    collect(definitions, name, name.split('.').at(-1)!, [], collected, 0);
    config = mergeConfigs(config, {
      ...EMPTY_CONFIG,
      commonAnnotations: collected.annotations,
      commonLabels: collected.labels,
      namePrefix: collected.names,
      nameReference: mergeReferences([], collected.references),
    });
  }
  return config;
}

interface Collected {
  readonly annotations: FieldSpec[];
  readonly labels: FieldSpec[];
  readonly names: FieldSpec[];
  readonly references: NameReference[];
}

/** References of definitions may lead in circles. */
const MAX_REFERENCES = 32;

function collect(
  definitions: Readonly<Record<string, unknown>>,
  name: string,
  kind: string,
  path: readonly string[],
  out: Collected,
  depth: number,
): void {
  if (depth > MAX_REFERENCES) return;
  for (const [field, property] of Object.entries(propertiesOf(definitions[name]))) {
    if (!isObject(property)) continue;
    const spec = (...more: readonly string[]): FieldSpec => ({ kind, path: [...path, field, ...more].join('/') });
    if (typeof property['x-kubernetes-annotation'] === 'string') out.annotations.push(spec());
    if (typeof property['x-kubernetes-label-selector'] === 'string') out.labels.push(spec());
    if (typeof property['x-kubernetes-identity'] === 'string') out.names.push(spec());
    const version = property['x-kubernetes-object-ref-api-version'];
    const target = property['x-kubernetes-object-ref-kind'];
    const key = property['x-kubernetes-object-ref-name-key'];
    if (typeof version === 'string' && typeof target === 'string')
      out.references.push({ kind: target, version, fieldSpecs: [spec(typeof key === 'string' ? key : 'name')] });
    if (typeof property.$ref === 'string') collect(definitions, property.$ref, kind, [...path, field], out, depth + 1);
  }
}

function propertiesOf(definition: unknown): Readonly<Record<string, unknown>> {
  const schema = isObject(definition) ? (definition.Schema ?? definition.schema) : undefined;
  return isObject(schema) && isObject(schema.properties) ? schema.properties : {};
}
