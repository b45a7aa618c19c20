// From a CustomResourceDefinition to the resources that it defines: one for each version that is served, since each version has its own
// schema by which objects are checked; they share their place in the store. Follows customresource_handler.go and
// pkg/registry/customresource/strategy.go of apiextensions-apiserver.
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '#api/apiextensions/v1';
import { crdApplyType } from '../../../apimachinery/apply/crd-schema.ts';
import { groupVersion, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import { invalid, Path, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { forbiddenError } from '../../../apimachinery/status-error.ts';
import { nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { semanticEqual, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.ts';
import type {
  Draft,
  ResourceDefinition,
  RuleContext,
  SelectableFields,
  Strategy,
  SubresourceDefinition,
  VersionDefinition,
} from '../generic/resource-definition.ts';
import { keep } from '../generic/status-strategy.ts';
import { convertedForm } from './converted-form.ts';
import { conversionWebhook, type ConversionParts } from './conversion-webhook.ts';
import { customColumns } from './columns.ts';
import { customDecoder, type CustomDecoder } from './decode-custom.ts';
import { validateEmbedded } from './embedded-objects.ts';
import { simplePath, valueAt } from './json-path.ts';
import { validateListTypes } from './list-type.ts';
import { customScale, validateScaleFields } from './scale.ts';
import { anySchema, asRoot, asStructural, type Structural } from './structural-schema.ts';
import { ruleEvaluator } from './evaluate-rules.ts';
import { validateValue } from './validate-value.ts';
import { byVersionPriority } from './version-priority.ts';

const METADATA = Path.of('metadata');

/** One served version: in the catalog it stands under this version alone. */
export interface CustomResource {
  readonly definition: ResourceDefinition;
  readonly version: VersionDefinition;
}

/** Which other version to use, where there is a higher one. */
function deprecation({ spec }: CustomResourceDefinition, version: string): string {
  const { group, names } = spec;
  const [better] = spec.versions
    .filter((v) => v.served && !v.deprecated && byVersionPriority(v.name, version) < 0)
    .map((v) => v.name)
    .sort(byVersionPriority);
  return `${group}/${version} ${names.kind} is deprecated${better === undefined ? '' : `; use ${group}/${better} ${names.kind}`}`;
}

export const customStoragePath = ({ spec }: CustomResourceDefinition): string => `/registry/${spec.group}/${spec.names.plural}`;

/**
 * In the order in which discovery tells the versions.
 * @param conversion calls webhooks; absent: between versions only apiVersion changes
 */
export function customResources(crd: CustomResourceDefinition, conversion?: ConversionParts): readonly CustomResource[] {
  const { spec, status } = crd;
  const { acceptedNames: names } = status!;
  const preserves = spec.preserveUnknownFields === true;
  const decoders = new Map<string, CustomDecoder>();
  const versions = spec.versions.map((v) => {
    const apiVersion = groupVersion({ group: spec.group, version: v.name });
    const schema = v.schema?.openAPIV3Schema;
    const decoder = customDecoder(apiVersion, schema, preserves);
    decoders.set(v.name, decoder);
    const warning = v.deprecationWarning ?? deprecation(crd, v.name);
    return {
      version: v.name,
      kind: names.kind,
      type: undefined,
      custom: decoder,
      schema: schema as JsonObject | undefined,
      applyType: crdApplyType(schema, preserves),
      ...(v.deprecated ? { deprecation: warning } : {}),
    } satisfies VersionDefinition;
  });
  const served = [...spec.versions].filter((v) => v.served).sort((a, b) => byVersionPriority(a.name, b.name));
  return served.map((v) => {
    const version = versions.find(({ version: name }) => name === v.name)!;
    return { definition: definitionOf(crd, v, versions, decoders, conversion), version };
  });
}

function definitionOf(
  crd: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  versions: readonly VersionDefinition[],
  decoders: ReadonlyMap<string, CustomDecoder>,
  conversion: ConversionParts | undefined,
): ResourceDefinition {
  const { spec, status } = crd;
  const names = status!.acceptedNames;
  const decoder = decoders.get(version.name)!;
  const stored = spec.versions.find((v) => v.storage)!.name;
  const apiVersion = groupVersion({ group: spec.group, version: version.name });
  const converting = conversion && conversionWebhook(crd, conversion);
  return {
    group: spec.group,
    resource: names.plural,
    singular: names.singular ?? '',
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    namespaced: spec.scope === 'Namespaced',
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
    versions,
    storageVersion: version.name,
    storedAs: stored,
    storagePath: customStoragePath(crd),
    storage: converting
      ? convertedForm({ apiVersion, storageVersion: groupVersion({ group: spec.group, version: stored }), decoders, convert: converting })
      : // what is stored in this very form is read as it is
        { read: (object) => decoder.read(object, decoders), write: (object) => decoders.get(stored)!.store(object) },
    strategy: customStrategy(crd, version),
    subresources: subresources(version, spec.scope === 'Namespaced'),
    columns: customColumns(version.additionalPrinterColumns),
    selectableFields: selectableFields(version),
    storedAsJson: true,
    watches: new Set(),
  };
}

function subresources(version: CustomResourceDefinitionVersion, namespaced: boolean): Readonly<Record<string, SubresourceDefinition>> {
  const { status, scale } = version.subresources ?? {};
  const verbs = ['get', 'patch', 'update'] as const;
  return {
    ...(status ? { status: { verbs, strategy: customStatusStrategy(version, namespaced) } } : {}),
    ...(scale ? { scale: { verbs, kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, ...customScale(scale) } } : {}),
  };
}

/** Everything but metadata, as it counts for the generation. */
function specChanged(object: Draft, old: KubernetesObject, withStatus: boolean): boolean {
  const { metadata: _m, status: _s, ...now } = object;
  const { metadata: _om, status: _os, ...before } = old;
  return !semanticEqual(now, before) || (withStatus && !semanticEqual(object['status'], old['status']));
}

function bump(object: Draft, old: KubernetesObject, withStatus: boolean): void {
  if (specChanged(object, old, withStatus)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

function customStrategy(crd: CustomResourceDefinition, version: CustomResourceDefinitionVersion): Strategy {
  const { group, names, scope } = crd.spec;
  const terminating = Boolean(crd.metadata.deletionTimestamp);
  const hasStatus = Boolean(version.subresources?.status);
  const rules = rulesOf(version, scope === 'Namespaced');
  return {
    beginCreate({ metadata }) {
      if (!terminating) return Promise.resolve(() => {});
      const why = 'create not allowed while custom resource definition is terminating';
      return Promise.reject(forbiddenError({ group, resource: names.plural }, metadata.name ?? '', why));
    },
    prepareForCreate(object) {
      if (hasStatus) delete object['status'];
      object.metadata.generation = 1;
    },
    validate: (object, context) => rules.create(object, context),
    prepareForUpdate(object, old) {
      if (hasStatus) keep(object, old, 'status');
      bump(object, old, !hasStatus);
    },
    validateUpdate: (object, old, context) => rules.update(object, old, context),
    ...(hasStatus ? { resetFields: [['status']] } : {}),
  };
}

function customStatusStrategy(version: CustomResourceDefinitionVersion, namespaced: boolean): Strategy {
  const rules = rulesOf(version, namespaced);
  return {
    // only the status is written, and who owns which part of it
    resetAllBut: [['status']],
    prepareForUpdate(object, old) {
      const { managedFields, resourceVersion } = object.metadata;
      for (const key of Object.keys(object)) if (key !== 'status' && key !== 'metadata') keep(object, old, key);
      for (const key of Object.keys(old)) if (key !== 'status' && key !== 'metadata') object[key] = old[key];
      object.metadata = { ...old.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
      if (managedFields) object.metadata.managedFields = managedFields;
      else delete object.metadata.managedFields;
    },
    validateUpdate: (object, old, context) => rules.update(object, old, context),
  };
}

interface Rules {
  create(object: KubernetesObject, context: RuleContext): FieldError[];
  update(object: KubernetesObject, old: KubernetesObject, context: RuleContext): FieldError[];
}

/** After these, Kubernetes does not evaluate rules in CEL. */
const BLOCKING = new Set(['FieldValueNotFound', 'FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany', 'FieldValueTypeInvalid']);

function rulesOf(version: CustomResourceDefinitionVersion, namespaced: boolean): Rules {
  const { schema: validation, subresources: sub } = version;
  const schema: Structural | undefined = validation?.openAPIV3Schema && asStructural(validation.openAPIV3Schema);
  const root = schema && asRoot(schema);
  const scale = sub?.scale;
  const hasRules = schema !== undefined && anySchema(schema, (s) => Boolean(s['x-kubernetes-validations']?.length));
  const whole = Path.of();
  const evaluate = schema && hasRules ? ruleEvaluator(schema) : undefined;
  const withRules = (
    errors: FieldError[],
    object: KubernetesObject,
    old: KubernetesObject | undefined,
    context: RuleContext,
  ): FieldError[] => {
    if (!evaluate) return errors;
    if (!errors.some((e) => BLOCKING.has(e.reason))) errors.push(...evaluate(object, old, context.warn));
    else
      errors.push({
        ...invalid(
          whole,
          null,
          'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
        ),
        field: '<nil>',
      });
    return errors;
  };
  return {
    create(object, context) {
      const errors = validateObjectMeta(object.metadata, namespaced, nameIsDNSSubdomain, METADATA);
      if (schema) validateValue(object, schema, whole, errors);
      if (scale) validateScaleFields(object, scale, errors);
      if (root) validateEmbedded(object, root, true, whole, errors);
      validateListTypes(object, schema, whole, errors);
      return withRules(errors, object, undefined, context);
    },
    update(object, old, context) {
      const errors = validateObjectMetaUpdate(object.metadata, old.metadata, METADATA);
      if (schema) validateValue(object, schema, whole, errors, { value: old });
      if (scale) validateScaleFields(object, scale, errors);
      if (root) validateEmbedded(object, root, true, whole, errors);
      // what was wrong before may stay so
      const before: FieldError[] = [];
      validateListTypes(old, schema, whole, before);
      if (before.length === 0) validateListTypes(object, schema, whole, errors);
      return withRules(errors, object, old, context);
    },
  };
}

function selectableFields({ selectableFields: fields = [] }: CustomResourceDefinitionVersion): SelectableFields {
  const paths = fields.map(({ jsonPath }) => [jsonPath.slice(1), simplePath(jsonPath)] as const);
  return {
    names: paths.map(([name]) => name),
    refuse: (field) => `field label not supported: ${field}`,
    read: (object) =>
      Object.fromEntries(
        paths.map(([name, path]) => {
          const value = valueAt(object, path);
          return [name, value === undefined || value === null ? '' : String(value as string | number | boolean)];
        }),
      ),
  };
}
