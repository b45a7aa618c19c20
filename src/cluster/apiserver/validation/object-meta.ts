// The metadata that every object has: names, labels, annotations, owners, finalizers. Follows k8s.io/apimachinery's
// api/validation/objectmeta.go.
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '#api/meta/v1';
import { quote } from '../../../apimachinery/go-text.ts';
import { deepEqual, splitApiVersion } from '../../../apimachinery/object.ts';
import { forbidden, invalid, required, tooLong, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { byteLength, isDNS1123Label, isQualifiedName, isValidLabelValue, type NameRule } from '../../../apimachinery/validation/names.ts';

/** 256 kB */
const TOTAL_ANNOTATION_SIZE_LIMIT = 256 * 1024;
const FIELD_MANAGER_MAX = 128;
export const FIELD_IMMUTABLE = 'field is immutable';

/** @param field where the metadata is: usually `metadata`, in a template `spec.template.metadata` */
export function validateObjectMeta(meta: ObjectMeta, namespaced: boolean, nameRule: NameRule, field: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (meta.generateName)
    for (const wrong of nameRule(meta.generateName, true)) errors.push(invalid(field.child('generateName'), meta.generateName, wrong));
  if (!meta.name) errors.push(required(field.child('name'), 'name or generateName is required'));
  else for (const wrong of nameRule(meta.name, false)) errors.push(invalid(field.child('name'), meta.name, wrong));
  if (namespaced) {
    if (!meta.namespace) errors.push(required(field.child('namespace')));
    else for (const wrong of isDNS1123Label(meta.namespace)) errors.push(invalid(field.child('namespace'), meta.namespace, wrong));
  } else if (meta.namespace) errors.push(forbidden(field.child('namespace'), 'not allowed on this type'));
  if ((meta.generation ?? 0) < 0) errors.push(invalid(field.child('generation'), meta.generation, 'must be greater than or equal to 0'));
  validateLabels(meta.labels, field.child('labels'), errors);
  validateAnnotations(meta.annotations, field.child('annotations'), errors);
  validateOwnerReferences(meta.ownerReferences, field.child('ownerReferences'), errors);
  validateFinalizers(meta.finalizers, field.child('finalizers'), errors);
  validateManagedFields(meta.managedFields, field.child('managedFields'), errors);
  return errors;
}

/** As kinds of Kubernetes itself check it: finalizers are standard ones or fully qualified. Follows pkg/apis/core/validation. */
export function validateCoreObjectMeta(meta: ObjectMeta, namespaced: boolean, nameRule: NameRule, field: Path): FieldError[] {
  return [...validateObjectMeta(meta, namespaced, nameRule, field), ...coreFinalizers(meta, field)];
}

export function validateCoreObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta, field: Path): FieldError[] {
  return [...validateObjectMetaUpdate(meta, old, field), ...coreFinalizers(meta, field)];
}

function coreFinalizers(meta: ObjectMeta, field: Path): FieldError[] {
  return (meta.finalizers ?? []).flatMap((finalizer, i) => validateCoreFinalizer(finalizer, field.child('finalizers').index(i)));
}

const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion'];

export function validateCoreFinalizer(finalizer: string, field: Path): FieldError[] {
  if (finalizer.includes('/') || STANDARD_FINALIZERS.includes(finalizer)) return [];
  return [invalid(field, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')];
}

/** Metadata of a claim that a pod brings along: labels and annotations are all there may be. */
export function validateTemplateObjectMeta(meta: ObjectMeta, field: Path, errors: FieldError[]): void {
  validateAnnotations(meta.annotations, field.child('annotations'), errors);
  validateLabels(meta.labels, field.child('labels'), errors);
  for (const key of Object.keys(meta))
    if (key !== 'annotations' && key !== 'labels') errors.push(forbidden(field.child(key), 'cannot be set'));
}

/** Of an update: what must not change, and what may but has a form. */
export function validateObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta, field: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp) {
    const added = (meta.finalizers ?? []).filter((f) => !(old.finalizers ?? []).includes(f));
    const found = `[]string{${[...new Set(added)].sort().map(quote).join(', ')}}`;
    if (added.length)
      errors.push(
        forbidden(
          field.child('finalizers'),
          `no new finalizers can be added if the object is being deleted, found new finalizers ${found}`,
        ),
      );
  }
  if (!meta.resourceVersion)
    errors.push(invalid(field.child('resourceVersion'), meta.resourceVersion ?? '', 'must be specified for an update'));
  if ((meta.generation ?? 0) < (old.generation ?? 0))
    errors.push(invalid(field.child('generation'), meta.generation ?? 0, 'must not be decremented'));
  const immutable = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;
  for (const key of immutable) {
    const zero = key === 'name' || key === 'namespace' || key === 'uid' ? '' : undefined;
    if ((meta[key] ?? zero) !== (old[key] ?? zero)) errors.push(invalid(field.child(key), meta[key] ?? zero, FIELD_IMMUTABLE));
  }
  if (meta.labels !== old.labels) validateLabels(meta.labels, field.child('labels'), errors);
  if (meta.annotations !== old.annotations) validateAnnotations(meta.annotations, field.child('annotations'), errors);
  validateOwnerReferences(meta.ownerReferences, field.child('ownerReferences'), errors);
  validateManagedFields(meta.managedFields, field.child('managedFields'), errors);
  return errors;
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined, field: Path, errors: FieldError[]): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const wrong of isQualifiedName(key)) errors.push(invalid(field, key, wrong));
    for (const wrong of isValidLabelValue(value)) errors.push(invalid(field, value, wrong));
  }
}

export function validateAnnotations(annotations: Readonly<Record<string, string>> | undefined, field: Path, errors: FieldError[]): void {
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const wrong of isQualifiedName(key.toLowerCase())) errors.push(invalid(field, key, wrong));
    size += byteLength(key) + byteLength(value);
  }
  if (size > TOTAL_ANNOTATION_SIZE_LIMIT) errors.push(tooLong(field, TOTAL_ANNOTATION_SIZE_LIMIT));
}

function validateOwnerReferences(references: readonly OwnerReference[] | undefined, field: Path, errors: FieldError[]): void {
  let controller: string | undefined;
  for (const ref of references ?? []) {
    const { group, version: given } = splitApiVersion(ref.apiVersion);
    // what has more than two parts has none that is known
    const version = given.includes('/') ? '' : given;
    if (!version) errors.push(invalid(field.child('apiVersion'), ref.apiVersion, 'version must not be empty'));
    if (!ref.kind) errors.push(invalid(field.child('kind'), ref.kind, 'must not be empty'));
    if (!ref.name) errors.push(invalid(field.child('name'), ref.name, 'must not be empty'));
    if (!ref.uid) errors.push(invalid(field.child('uid'), ref.uid, 'must not be empty'));
    if (group === '' && version === 'v1' && ref.kind === 'Event')
      errors.push(invalid(field, ref, '/v1, Kind=Event is disallowed from being an owner'));
    if (!ref.controller) continue;
    const name = `${ref.kind}/${ref.name}`;
    if (controller === undefined) controller = name;
    else {
      const message = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
      errors.push(invalid(field, references, message));
    }
  }
}

function validateFinalizers(finalizers: readonly string[] | undefined, field: Path, errors: FieldError[]): void {
  if (!finalizers) return;
  for (const finalizer of finalizers) for (const wrong of isQualifiedName(finalizer)) errors.push(invalid(field, finalizer, wrong));
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    errors.push(invalid(field, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
}

function validateManagedFields(entries: readonly ManagedFieldsEntry[] | undefined, field: Path, errors: FieldError[]): void {
  (entries ?? []).forEach((entry, i) => {
    const at = field.index(i);
    if (entry.operation !== 'Apply' && entry.operation !== 'Update')
      errors.push(invalid(at.child('operation'), entry.operation ?? '', 'must be `Apply` or `Update`'));
    if (entry.fieldsType && entry.fieldsType !== 'FieldsV1')
      errors.push(invalid(at.child('fieldsType'), entry.fieldsType, 'must be `FieldsV1`'));
    validateFieldManager(entry.manager ?? '', at.child('manager'), errors);
    if (byteLength(entry.subresource ?? '') > 256) errors.push(tooLong(at.child('subresource'), 256));
  });
}

const PLAIN_MANAGER = /^[ -~]{0,128}$/;

export function validateFieldManager(manager: string, field: Path, errors: FieldError[]): void {
  // nearly all are; each update of an object comes by here once for each manager
  if (PLAIN_MANAGER.test(manager)) return;
  if (byteLength(manager) > FIELD_MANAGER_MAX) errors.push(tooLong(field, FIELD_MANAGER_MAX));
  let at = 0;
  for (const c of manager) {
    const code = c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
    if (/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(c)) errors.push(invalid(field, manager, `invalid character U+${code} (at position ${at})`));
    at += Buffer.byteLength(c);
  }
}

/** @param value the new one; equal to the old one in the eyes of Go: nothing, null and an empty list or map are the same */
export function validateImmutable(value: unknown, old: unknown, field: Path): FieldError[] {
  return semanticEqual(value, old) ? [] : [invalid(field, value ?? null, FIELD_IMMUTABLE)];
}

const nothing = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0 && Array.isArray(value));

/** `equality.Semantic.DeepEqual` on canonical objects: quantities and times already have one form. */
export const semanticEqual = (a: unknown, b: unknown): boolean => deepEqual(a, b) || (nothing(a) && nothing(b));
