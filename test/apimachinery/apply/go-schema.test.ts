// What the schema table says of the types that everybody uses.
import { describe, expect, it } from 'vitest';
import { DEDUCED, FREE_FORM, UNTYPED_ATOMIC, type ApplyType } from '../../../src/apimachinery/apply/apply-schema.ts';
import { goApplyType } from '../../../src/apimachinery/apply/go-schema.ts';
import { builtinKinds, structType, typeNames } from '../../../src/apimachinery/schema/schema.ts';

/** `apps/v1.Deployment spec template` → the type of that field. Lists are passed through to their elements by `[]`. */
function at(path: string): ApplyType {
  const [name = '', ...fields] = path.split(' ');
  return fields.reduce<ApplyType>(
    (type, field) => (field === '[]' ? type.list!.element : (type.map!.fields.get(field)?.type ?? type.map!.element!)),
    goApplyType(structType(name)),
  );
}

describe('lists', () => {
  it.each([
    ['core/v1.PodSpec containers', { atomic: false, keys: ['name'] }],
    ['core/v1.Container ports', { atomic: false, keys: ['containerPort', 'protocol'] }],
    ['core/v1.Container command', { atomic: true, keys: [] }],
    ['core/v1.PodSpec tolerations', { atomic: true, keys: [] }],
    ['core/v1.PodSpec topologySpreadConstraints', { atomic: false, keys: ['topologyKey', 'whenUnsatisfiable'] }],
    ['core/v1.ServiceSpec ports', { atomic: false, keys: ['port', 'protocol'] }],
    ['meta/v1.ObjectMeta finalizers', { atomic: false, keys: [] }],
    ['meta/v1.ObjectMeta ownerReferences', { atomic: false, keys: ['uid'] }],
    ['rbac/v1.Role rules', { atomic: true, keys: [] }],
  ])('%s', (path, facts) => {
    expect(at(path).list).toMatchObject(facts);
  });
});

describe('maps and structs', () => {
  it.each([
    ['meta/v1.ObjectMeta labels', false],
    ['core/v1.ServiceSpec selector', true],
    ['core/v1.PodSpec nodeSelector', true],
    ['apps/v1.Deployment spec selector', true],
    ['apps/v1.Deployment spec template', false],
    ['core/v1.PodSpec imagePullSecrets []', true],
    ['core/v1.ObjectReference', true],
    // the field overrides its type
    ['core/v1.PersistentVolumeSpec claimRef', false],
  ])('%s is atomic: %s', (path, atomic) => {
    expect(at(path).map).toMatchObject({ atomic, element: at(path).map!.fields.size ? undefined : expect.anything() });
  });
});

describe('values', () => {
  it.each([
    ['core/v1.Container image', { scalar: 'string' }],
    ['apps/v1.Deployment spec replicas', { scalar: 'numeric' }],
    ['core/v1.Secret data x', { scalar: 'string' }],
    ['core/v1.ResourceRequirements limits cpu', { scalar: 'untyped' }],
    ['meta/v1.ObjectMeta creationTimestamp', { scalar: 'untyped' }],
  ])('%s', (path, type) => {
    expect(at(path)).toEqual(type);
  });

  it.each([
    ['core/v1.ServicePort targetPort', DEDUCED],
    ['apiextensions/v1.JSONSchemaProps default', DEDUCED],
    ['apps/v1.ControllerRevision data', UNTYPED_ATOMIC],
    ['meta/v1.ManagedFieldsEntry fieldsV1', FREE_FORM],
  ])('%s', (path, type) => {
    expect(at(path)).toBe(type);
  });
});

describe('defaults of keys', () => {
  it.each([
    ['core/v1.ContainerPort', 'protocol', 'TCP'],
    ['core/v1.ContainerPort', 'containerPort', 0],
    ['core/v1.ServicePort', 'protocol', 'TCP'],
    ['core/v1.Container', 'name', ''],
    ['core/v1.LocalObjectReference', 'name', ''],
    ['core/v1.ObjectReference', 'name', undefined],
  ])('%s.%s', (type, field, value) => {
    expect(goApplyType(structType(type)).map!.fields.get(field)!.default).toBe(value);
  });
});

it('every kind has a type, and always the same', () => {
  for (const { type } of builtinKinds()) {
    expect(goApplyType(structType(type))).toBe(goApplyType(structType(type)));
    expect(goApplyType(structType(type)).map!.fields.has('metadata'), type).toBe(true);
  }
});

it('keys of lists are fields of their elements', () => {
  for (const name of typeNames()) {
    let type: ApplyType;
    try {
      type = goApplyType(structType(name));
    } catch {
      continue;
    }
    for (const [field, { type: list }] of type.map?.fields ?? []) {
      for (const key of list.list?.keys ?? []) expect(list.list!.element.map!.fields.has(key), `${name}.${field}: ${key}`).toBe(true);
    }
  }
});
