// Whether applying a manifest would leave its object as it is, told without asking a server: jibe owns just the fields that the manifest
// has, and the object has them as the manifest does. Where this says no, the server is asked, which knows more ways in which two values
// are the same.
import { DEDUCED, type ApplyType } from '../../apimachinery/apply/apply-schema.ts';
import { appliedEntry } from '../../apimachinery/apply/extract.ts';
import { STRIPPED } from '../../apimachinery/apply/field-manager.ts';
import type { FieldSet } from '../../apimachinery/apply/field-set.ts';
import { decodeFieldsV1, FieldsV1Error } from '../../apimachinery/apply/fields-v1.ts';
import { goApplyType } from '../../apimachinery/apply/go-schema.ts';
import { ListItemError } from '../../apimachinery/apply/list-items.ts';
import { extractItems } from '../../apimachinery/apply/remove-items.ts';
import { toFieldSet } from '../../apimachinery/apply/to-field-set.ts';
import { validate, ValidationErrors } from '../../apimachinery/apply/validate.ts';
import { decode, DecodeError } from '../../apimachinery/codec/decode.ts';
import { deepEqual, type KubernetesObject } from '../../apimachinery/object.ts';
import { typeOfKind } from '../../apimachinery/schema/type-of-kind.ts';
import type { DesiredObject } from '../render/manifest-document.ts';

/** @param manager as whom the manifest is applied */
export function isAppliedAlready(live: KubernetesObject, desired: DesiredObject, manager: string): boolean {
  const own = appliedEntry(live.metadata.managedFields, manager);
  if (own?.apiVersion !== desired.apiVersion || live.apiVersion !== desired.apiVersion) return false;
  try {
    const goType = typeOfKind(desired);
    const type = goType ? goApplyType(goType) : DEDUCED;
    validate(type, desired);
    const fields = toFieldSet(type, desired).difference(STRIPPED);
    if (!fields.equals(decodeFieldsV1(own.fieldsV1))) return false;
    const wanted = goType ? decode(goType, desired).object : desired;
    return deepEqual(only(type, wanted, fields), only(type, live, fields));
  } catch (error) {
    if (UNSURE.some((kind) => error instanceof kind)) return false;
    throw error;
  }
}

/** The manifest does not fit its kind, or the object is marked in a way that is not understood: the server will say. */
const UNSURE = [ValidationErrors, DecodeError, ListItemError, FieldsV1Error];

const only = (type: ApplyType, value: unknown, fields: FieldSet): unknown => extractItems(type, value, fields.leaves());
