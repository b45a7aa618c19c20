// Nulls where maps have values: what comes back from the store, where protobuf has no nil.
import { expect, test } from 'vitest';
import { inProcess, namespace } from './in-process.ts';

const { client } = await inProcess();

test.each([
  ['v1/Secret', { data: { a: null, b: 'Yg==' } }, { data: { a: '', b: 'Yg==' } }],
  ['v1/Secret', { stringData: { a: null } }, { data: { a: '' } }],
  ['v1/ConfigMap', { data: { a: null }, binaryData: { b: null } }, { data: { a: '' }, binaryData: { b: '' } }],
] as const)('%s %j', async (kind, given, kept) => {
  const [apiVersion, name] = kind.split('/') as [string, string];
  const made = await client.create(kind, { apiVersion, kind: name, metadata: { generateName: 'n-' }, ...given } as never, { namespace });
  expect(made).toMatchObject(kept);
});
