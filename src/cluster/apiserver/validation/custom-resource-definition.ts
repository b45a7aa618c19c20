// CustomResourceDefinitions. Follows ValidateCustomResourceDefinition of pkg/apis/apiextensions/validation; schemas are in the files
// beside this one.
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from '#api/apiextensions/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import { invalid, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isDNS1035Label, isDNS1123Subdomain, nameIsDNSSubdomain, type NameRule } from '../../../apimachinery/validation/names.ts';
import { isEstablished } from '../custom/accept-names.ts';
import { anySchema, asStructural, type Structural } from '../custom/structural-schema.ts';
import { checkEnum } from './checks.ts';
import { validateConversion } from './custom-resource-conversion.ts';
import { validateVersionSchema } from './custom-resource-schema.ts';
import { validatePrinterColumns, validateSelectableFields, validateSubresources } from './custom-resource-version.ts';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from './object-meta.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const STATUS = Path.of('status');
const APPROVED = 'api-approved.kubernetes.io';
const APPROVAL_PAGE = 'see https://github.com/kubernetes/enhancements/pull/1111';

export function validateCustomResourceDefinition(crd: CustomResourceDefinition): FieldError[] {
  const { names, group } = crd.spec;
  const nameRule: NameRule = (name, prefix) => {
    const wrong = nameIsDNSSubdomain(name, prefix);
    if (name !== `${names.plural}.${group}`) wrong.push('must be spec.names.plural+"."+spec.group');
    return wrong;
  };
  const errors = validateObjectMeta(crd.metadata, false, nameRule, METADATA);
  validateSpec(crd.spec, undefined, errors);
  validateRest(crd, undefined, errors);
  return errors;
}

export function validateCustomResourceDefinitionUpdate(crd: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const errors = validateObjectMetaUpdate(crd.metadata, old.metadata, METADATA);
  const { spec } = crd;
  validateSpec(spec, old.spec, errors);
  if (isEstablished(old)) {
    errors.push(...validateImmutable(spec.scope, old.spec.scope, SPEC.child('scope')));
    errors.push(...validateImmutable(spec.names.kind, old.spec.names.kind, SPEC.child('names', 'kind')));
  }
  errors.push(...validateImmutable(spec.group, old.spec.group, SPEC.child('group')));
  errors.push(...validateImmutable(spec.names.plural, old.spec.names.plural, SPEC.child('names', 'plural')));
  validateRest(crd, old, errors);
  return errors;
}

function validateRest(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined, errors: FieldError[]): void {
  validateNames(crd.status?.acceptedNames, STATUS.child('acceptedNames'), errors);
  validateStoredVersions(crd, errors);
  validateApproval(crd, old, errors);
  if (crd.spec.preserveUnknownFields && !old?.spec.preserveUnknownFields)
    errors.push(
      invalid(
        SPEC.child('preserveUnknownFields'),
        true,
        'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ),
    );
}

export function validateCustomResourceDefinitionStatusUpdate(crd: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const errors = validateObjectMetaUpdate(crd.metadata, old.metadata, METADATA);
  validateNames(crd.status?.acceptedNames, STATUS.child('acceptedNames'), errors);
  return errors;
}

const joined = (wrong: readonly string[]): string => wrong.join(',');

function validateSpec(spec: CustomResourceDefinitionSpec, old: CustomResourceDefinitionSpec | undefined, errors: FieldError[]): void {
  const { group, scope, names } = spec;
  const wrongGroup = isDNS1123Subdomain(group);
  if (!group) errors.push(required(SPEC.child('group')));
  else if (wrongGroup.length) errors.push(invalid(SPEC.child('group'), group, joined(wrongGroup)));
  else if (!group.includes('.')) errors.push(invalid(SPEC.child('group'), group, 'should be a domain with at least one dot'));
  checkEnum(scope, ['Cluster', 'Namespaced'], SPEC.child('scope'), errors);
  validateVersions(spec, old, errors);
  for (const key of ['plural', 'singular', 'kind', 'listKind'] as const) if (!names[key]) errors.push(required(SPEC.child('names', key)));
  validateNames(names, SPEC.child('names'), errors);
  validateShared(spec, old, errors);
  validateConversion(spec, errors);
}

/** What all versions have alike is one thing to Kubernetes, and errors name it once. */
export interface Shared {
  readonly schema: boolean;
  readonly subresources: boolean;
  readonly columns: boolean;
  readonly selectableFields: boolean;
}

function sharedByVersions(versions: readonly CustomResourceDefinitionVersion[]): Shared {
  const alike = (read: (version: CustomResourceDefinitionVersion) => unknown): boolean =>
    versions.length > 0 && versions.every((v) => deepEqual(read(v), read(versions[0]!)));
  return {
    schema: alike((v) => v.schema),
    subresources: alike((v) => v.subresources),
    columns: alike((v) => v.additionalPrinterColumns),
    selectableFields: alike((v) => v.selectableFields),
  };
}

const hasStatus = ({ subresources }: CustomResourceDefinitionVersion): boolean => Boolean(subresources?.status);

const hasDefaults = (schema: Structural): boolean => anySchema(schema, (s) => s.default !== undefined);

function validateVersions(spec: CustomResourceDefinitionSpec, old: CustomResourceDefinitionSpec | undefined, errors: FieldError[]): void {
  const versions = spec.versions ?? [];
  const shared = sharedByVersions(versions);
  const at = SPEC.child('versions');
  if (!shared.schema || !versions[0]?.schema?.openAPIV3Schema)
    versions.forEach(({ schema }, i) => {
      if (!schema?.openAPIV3Schema) errors.push(required(at.index(i).child('schema', 'openAPIV3Schema')));
    });
  if (
    spec.preserveUnknownFields &&
    versions.some(({ schema }) => schema?.openAPIV3Schema && hasDefaults(asStructural(schema.openAPIV3Schema)))
  )
    errors.push(invalid(SPEC.child('preserveUnknownFields'), true, 'must be false in order to use defaults in the schema'));
  const seen = new Set<string>();
  versions.forEach((version, i) => {
    const { name } = version;
    const field = at.index(i);
    seen.add(name);
    const wrong = isDNS1035Label(name);
    if (wrong.length) errors.push(invalid(field.child('name'), name, joined(wrong)));
    validateDeprecation(version, field, errors);
    const before = old?.versions.find((v) => v.name === name);
    if (!shared.schema) validateVersionSchema(version.schema, before?.schema, hasStatus(version), field.child('schema'), errors);
    if (!shared.subresources) validateSubresources(version.subresources, field.child('subresources'), errors);
    if (!shared.columns) validatePrinterColumns(version.additionalPrinterColumns, field.child('additionalPrinterColumns'), errors);
    if (!shared.selectableFields)
      validateSelectableFields(
        shared.schema ? withoutSchema(version) : version,
        'may only be set when `version.schema.openAPIV3Schema` is not included',
        field.child('selectableFields'),
        errors,
      );
  });
  const shown = (): unknown => (spec.versions ? versions.map((v) => internalVersion(v, shared)) : null);
  if (seen.size !== versions.length) errors.push(invalid(at, shown(), 'must contain unique version names'));
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(invalid(at, shown(), 'must have exactly one version marked as storage version'));
  const [first] = versions;
  const wrong = first?.name ? isDNS1035Label(first.name) : [];
  if (wrong.length) errors.push(invalid(SPEC.child('version'), first!.name, joined(wrong)));
}

/** Parts that belong to all versions. */
function validateShared(spec: CustomResourceDefinitionSpec, old: CustomResourceDefinitionSpec | undefined, errors: FieldError[]): void {
  const versions = spec.versions ?? [];
  const [first] = versions;
  if (!first) return;
  const shared = sharedByVersions(versions);
  const before = old?.versions[0];
  if (shared.schema) validateVersionSchema(first.schema, before?.schema, versions.some(hasStatus), SPEC.child('validation'), errors);
  if (shared.subresources) validateSubresources(first.subresources, SPEC.child('subresources'), errors);
  if (shared.columns) validatePrinterColumns(first.additionalPrinterColumns, SPEC.child('additionalPrinterColumns'), errors);
  if (shared.selectableFields)
    validateSelectableFields(
      shared.schema ? first : withoutSchema(first),
      'may only be set when validations.schema is included',
      SPEC.child('selectableFields'),
      errors,
    );
}

/** A schema that all versions share does not lie beside what is a version's own, nor the other way round. */
function withoutSchema(version: CustomResourceDefinitionVersion): CustomResourceDefinitionVersion {
  const { schema: _, ...rest } = version;
  return rest;
}

function validateDeprecation({ deprecated, deprecationWarning }: CustomResourceDefinitionVersion, field: Path, errors: FieldError[]): void {
  if (deprecationWarning === undefined) return;
  const at = field.child('deprecationWarning');
  if (!deprecated) errors.push(invalid(at, deprecationWarning, 'can only be set for deprecated versions'));
  else if (deprecationWarning === '') errors.push(invalid(at, deprecationWarning, 'must not be an empty string'));
  else if ([...deprecationWarning].length > 256) errors.push(invalid(at, deprecationWarning, 'must be <= 256 characters long'));
  else if (/\p{C}/u.test(deprecationWarning)) {
    const i = Buffer.byteLength(deprecationWarning.slice(0, deprecationWarning.search(/\p{C}/u)));
    errors.push(
      invalid(at, deprecationWarning, `must only contain printable UTF-8 characters; non-printable character found at index ${i}`),
    );
  }
}

/** The internal type has no JSON names of its own. */
function internalVersion(version: CustomResourceDefinitionVersion, shared: Shared): object {
  return {
    Name: version.name,
    Served: version.served,
    Storage: version.storage,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: shared.schema ? null : (version.schema ?? null),
    Subresources: shared.subresources ? null : (version.subresources ?? null),
    AdditionalPrinterColumns: shared.columns ? null : (version.additionalPrinterColumns ?? null),
    SelectableFields: shared.selectableFields ? null : (version.selectableFields ?? null),
  };
}

function validateNames(names: CustomResourceDefinitionNames | undefined, field: Path, errors: FieldError[]): void {
  if (!names) return;
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names;
  const label = (value: string, at: Path): void => {
    const wrong = isDNS1035Label(value);
    if (wrong.length) errors.push(invalid(at, value, joined(wrong)));
  };
  if (plural) label(plural, field.child('plural'));
  if (singular) label(singular, field.child('singular'));
  for (const [key, value] of [
    ['kind', kind],
    ['listKind', listKind],
  ] as const) {
    const wrong = value ? isDNS1035Label(value.toLowerCase()) : [];
    if (wrong.length) errors.push(invalid(field.child(key), value, `may have mixed case, but should otherwise match: ${joined(wrong)}`));
  }
  (shortNames ?? []).forEach((name, i) => label(name, field.child('shortNames').index(i)));
  if (kind && kind === listKind) errors.push(invalid(field.child('listKind'), listKind, 'kind and listKind may not be the same'));
  (categories ?? []).forEach((category, i) => label(category, field.child('categories').index(i)));
}

function validateStoredVersions({ spec, status }: CustomResourceDefinition, errors: FieldError[]): void {
  const stored = status?.storedVersions ?? [];
  const at = STATUS.child('storedVersions');
  const versions = spec.versions ?? [];
  if (stored.length === 0) errors.push(invalid(at, status?.storedVersions ?? null, 'must have at least one stored version'));
  const left = new Set(stored);
  for (const { name, storage } of versions) {
    if (storage && stored.length && !left.has(name)) errors.push(invalid(at, stored, `must have the storage version ${name}`));
    left.delete(name);
  }
  for (const version of left) errors.push(invalid(at.index(stored.indexOf(version)), version, missingVersion(version)));
}

const missingVersion = (version: string): string =>
  `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`;

const isProtected = (group: string): boolean => /(?:^|\.)(?:k8s\.io|kubernetes\.io)$/.test(group);

/** Groups of Kubernetes' own domains need an approval. */
function validateApproval(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined, errors: FieldError[]): void {
  if (!isProtected(crd.spec.group)) return;
  const approval = crd.metadata.annotations?.[APPROVED];
  if (old && old.metadata.annotations?.[APPROVED] === approval) return;
  const at = METADATA.child('annotations').key(APPROVED);
  if (!approval) {
    errors.push(required(at, `protected groups must have approval annotation "${APPROVED}", ${APPROVAL_PAGE}`));
    return;
  }
  if (approval.startsWith('unapproved')) return;
  if (URL.canParse(approval) && new URL(approval).host && approval.includes('://')) return;
  errors.push(
    invalid(
      at,
      approval,
      `protected groups must have approval annotation "${APPROVED}" with either a URL or a reason starting with "unapproved", ${APPROVAL_PAGE}`,
    ),
  );
}
