// A definition that changes while its objects are there. Rules of
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/
import { describe, expect, test } from 'vitest';
import type { CustomResourceDefinition } from '#api/apiextensions/v1';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import type { Client } from '../../../src/client/client.ts';
import { inProcess, namespace, refusal } from '../apiserver/in-process.ts';

const CRD = 'apiextensions.k8s.io/v1/CustomResourceDefinition';
const NAME = 'gadgets.example.com';
type Version = CustomResourceDefinition['spec']['versions'][number];

const version = (
  name: string,
  more: Partial<Version> = {},
  properties: object = { size: { type: 'integer' }, old: { type: 'string' } },
): Version =>
  ({
    name,
    served: true,
    storage: false,
    schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
    ...more,
  }) as Version;

async function defined(...versions: readonly Version[]): Promise<Client> {
  const { client } = await inProcess();
  await client.create(CRD, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: NAME },
    spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'gadgets', kind: 'Gadget' }, versions },
  });
  return client;
}

async function redefine(client: Client, ...versions: readonly Version[]): Promise<CustomResourceDefinition> {
  const { object } = await client.patch(CRD, NAME, { spec: { versions } }, { type: 'merge' });
  return object;
}

const gadget = (spec: object, apiVersion = 'example.com/v1') => ({ apiVersion, kind: 'Gadget', metadata: { name: 'g', namespace }, spec });
const read = async (client: Client, of: string): Promise<KubernetesObject & { spec?: unknown }> =>
  client.get(`example.com/${of}/Gadget`, 'g', { namespace });
const stored = async (client: Client): Promise<unknown> => (await client.get(CRD, NAME)).status?.storedVersions;

describe('versions', () => {
  test('a version that is added serves the objects that are there', async () => {
    const client = await defined(version('v1', { storage: true }));
    await client.create('example.com/v1/Gadget', gadget({ size: 1 }));
    await redefine(client, version('v1', { storage: true }), version('v2'));
    expect(await read(client, 'v2')).toMatchObject({ apiVersion: 'example.com/v2', spec: { size: 1 } });
    expect(await stored(client)).toEqual(['v1']);
  });

  test('a change of the storage version is noted, and objects are stored anew when they are written', async () => {
    const client = await defined(version('v1', { storage: true }), version('v2'));
    await client.create('example.com/v1/Gadget', gadget({ size: 1 }));
    await redefine(client, version('v1'), version('v2', { storage: true }));
    expect(await stored(client)).toEqual(['v1', 'v2']);
    const before = await read(client, 'v1');
    // a write that changes nothing but the version in which it is stored
    const after = await client.update('example.com/v1/Gadget', before as never);
    expect((after as KubernetesObject).metadata.resourceVersion).not.toBe(before.metadata.resourceVersion);
  });

  test('a version that objects may still be stored in cannot be removed', async () => {
    const client = await defined(version('v1', { storage: true }), version('v2'));
    await redefine(client, version('v1'), version('v2', { storage: true }));
    expect(await refusal(redefine(client, version('v2', { storage: true })))).toMatch(
      /^422 .*status\.storedVersions\[0\]: Invalid value: "v1": missing from spec\.versions; v1 was previously a storage version, and must remain in spec\.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status\.storedVersions/,
    );
    await client.patch(CRD, NAME, { status: { storedVersions: ['v2'] } }, { type: 'merge', subresource: 'status' });
    expect((await redefine(client, version('v2', { storage: true }))).spec.versions.map((v) => v.name)).toEqual(['v2']);
    expect(await client.resolve('example.com/v1/Gadget')).toBeUndefined();
  });

  test('a version that is no longer served is gone for clients, its objects are not', async () => {
    const client = await defined(version('v1', { storage: true }), version('v2'));
    await client.create('example.com/v2/Gadget', gadget({ size: 3 }, 'example.com/v2'));
    await redefine(client, version('v1', { storage: true }), version('v2', { served: false }));
    expect(await client.resolve('example.com/v2/Gadget')).toBeUndefined();
    expect(await read(client, 'v1')).toMatchObject({ spec: { size: 3 } });
  });

  test.each([
    { rule: 'exactly one version is stored', versions: [version('v1', { storage: true }), version('v2', { storage: true })] },
    { rule: 'at least one', versions: [version('v1')] },
    { rule: 'no name twice', versions: [version('v1', { storage: true }), version('v1')] },
  ])('$rule', async ({ versions }) => {
    const client = await defined(version('v1', { storage: true }));
    expect(await refusal(redefine(client, ...versions))).toMatch(/^422 /);
  });
});

describe('schemas', () => {
  test('a field that the new schema does not know is pruned when it is read and stays away once written', async () => {
    const client = await defined(version('v1', { storage: true }));
    await client.create('example.com/v1/Gadget', gadget({ size: 1, old: 'x' }));
    await redefine(client, version('v1', { storage: true }, { size: { type: 'integer' } }));
    expect((await read(client, 'v1')).spec).toEqual({ size: 1 });
  });

  test('a default that is added shows in objects that were stored without it', async () => {
    const client = await defined(version('v1', { storage: true }));
    await client.create('example.com/v1/Gadget', gadget({ size: 1 }));
    await redefine(client, version('v1', { storage: true }, { size: { type: 'integer' }, colour: { type: 'string', default: 'red' } }));
    expect((await read(client, 'v1')).spec).toEqual({ size: 1, colour: 'red' });
  });

  const tighter = () => version('v1', { storage: true }, { size: { type: 'integer', maximum: 5 }, old: { type: 'string' } });

  test('an old object that the new schema would refuse may be changed elsewhere: ratcheting', async () => {
    const client = await defined(version('v1', { storage: true }));
    await client.create('example.com/v1/Gadget', gadget({ size: 9 }));
    await redefine(client, tighter());
    const change = (spec: object) => client.patch('example.com/v1/Gadget', 'g', { spec }, { type: 'merge', namespace });
    await change({ old: 'changed' });
    expect((await read(client, 'v1')).spec).toEqual({ size: 9, old: 'changed' });
    expect(await refusal(change({ size: 8 }))).toMatch(/^422 .*spec\.size in body should be less than or equal to 5/);
    await change({ size: 5 });
    expect(await refusal(client.create('example.com/v1/Gadget', { ...gadget({ size: 9 }), metadata: { name: 'new', namespace } }))).toMatch(
      /^422 /,
    );
  });

  test('names, scope and group of a definition stay', async () => {
    const client = await defined(version('v1', { storage: true }));
    for (const spec of [{ scope: 'Cluster' }, { group: 'other.com' }])
      expect(await refusal(client.patch(CRD, NAME, { spec }, { type: 'merge' }))).toMatch(/^422 /);
  });
});
