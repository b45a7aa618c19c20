// Field managers of built-in kinds, as an API server would make them.
import type { ManagedFieldsEntry } from '#api/meta/v1';
import { FieldManager, type FieldManagerOptions } from '../../../src/apimachinery/apply/field-manager.ts';
import { goApplyType } from '../../../src/apimachinery/apply/go-schema.ts';
import { fieldPath } from '../../../src/apimachinery/apply/path-element.ts';
import { resetFields } from '../../../src/apimachinery/apply/reset-fields.ts';
import { decode, zeroOf } from '../../../src/apimachinery/codec/decode.ts';
import { deepFreeze, groupVersion, parseKind, type JsonObject } from '../../../src/apimachinery/object.ts';
import { decodeUnstructured } from '../../../src/apimachinery/patch/unstructured.ts';
import { builtinKinds, structType } from '../../../src/apimachinery/schema/schema.ts';

/** Seconds since 2026 by which tests count time. */
export class Seconds {
  value = 0;
  now(): number {
    return Date.UTC(2026, 0, 1) + this.value * 1000;
  }
}

/** @param kind `apps/v1/Deployment` */
export function fieldManagerOf(kind: string, clock: Seconds, options: Partial<FieldManagerOptions> = {}): FieldManager {
  const parsed = parseKind(kind);
  const apiVersion = groupVersion(parsed);
  const type = typeOfKind(kind);
  return new FieldManager({
    kind: parsed,
    subresource: '',
    typeOf: (version) => (version === apiVersion ? goApplyType(type) : undefined),
    convert: (object) => object,
    empty: zeroOf(type) as JsonObject,
    complete: (merged, live) => decodeUnstructured(type, merged, { existing: live }).object as JsonObject,
    filters: new Map([[apiVersion, resetFields(fieldPath('status'))]]),
    clock,
    ...options,
  });
}

export function typeOfKind(kind: string): ReturnType<typeof structType> {
  const facts = builtinKinds().find((k) => k.kind === parseKind(kind).kind && groupVersion(k) === groupVersion(parseKind(kind)))!;
  return structType(facts.type);
}

/** As a server gets it: decoded, with empty lists and maps that the client has sent. */
export const decoded = (kind: string, object: object, existing?: JsonObject): JsonObject =>
  deepFreeze(decode(typeOfKind(kind), object, { keepEmpty: true, existing }).object as JsonObject);

/** As a server stores it. */
export const stored = (object: JsonObject): JsonObject =>
  deepFreeze({ ...object, metadata: { ...(object.metadata as JsonObject), uid: 'uid' } });

export const managedFieldsOf = (object: JsonObject): readonly ManagedFieldsEntry[] | undefined =>
  (object.metadata as { managedFields?: readonly ManagedFieldsEntry[] }).managedFields;

/** `kubectl Update v1/status 5s` → fields, in the list's order. */
export function owners(object: JsonObject): Record<string, unknown> {
  return Object.fromEntries(
    (managedFieldsOf(object) ?? []).map(({ manager = '', operation = '', apiVersion = '', subresource, time, fieldsV1 }) => {
      const seconds = time ? ` ${(Date.parse(time) - Date.UTC(2026, 0, 1)) / 1000}s` : '';
      return [`${manager} ${operation} ${apiVersion}${subresource ? `/${subresource}` : ''}${seconds}`, fieldsV1];
    }),
  );
}
