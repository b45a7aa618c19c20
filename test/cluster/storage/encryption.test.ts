// Secrets on the disk: encrypted, readable with their key alone, and what was written before stays readable.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import { DurableStore, openDirectory } from '../../../src/cluster/storage/durable-store.ts';
import { CONFIGURATION } from '../../../src/cluster/storage/encryption.ts';

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-encryption-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const PLAIN = 'dG9wIHNlY3JldA==';
const secret =
  (data = PLAIN) =>
  (revision: number): KubernetesObject =>
    ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', uid: 's', resourceVersion: String(revision), creationTimestamp: '' },
      data: { key: data },
    }) as KubernetesObject;
const KEY = '/registry/secrets/default/s';

async function opened<T>(use: (store: DurableStore) => Promise<T>): Promise<T> {
  const store = new DurableStore(directory, await openDirectory(directory), new VirtualClock(0));
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

async function rows(): Promise<Record<string, { v: unknown }>> {
  const { root, objects, lock } = await openDirectory(directory);
  const all = Object.fromEntries([...objects.getRange()].map(({ key, value }) => [key, JSON.parse(value) as { v: unknown }]));
  await root.close();
  lock.release();
  return all;
}

const file = (): string => path.join(directory, CONFIGURATION);
const newKey = (name: string, byte: number): object => ({ name, secret: Buffer.alloc(32, byte).toString('base64') });
const configuration = (keys: readonly object[], resource = 'secrets', more: readonly object[] = []): string =>
  JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{ resources: [resource], providers: [...(keys.length ? [{ aesgcm: { keys } }] : []), ...more, { identity: {} }] }],
  });

test('a Secret is nowhere to be read on the disk, and is there after reopening', async () => {
  await opened((store) => store.create(KEY, secret()));
  expect((await rows())[KEY]?.v).toMatch(/^k8s:enc:aesgcm:v1:key1:[A-Za-z0-9+/]+=*$/);
  expect(fs.readFileSync(path.join(directory, 'store', 'data.mdb')).includes(PLAIN)).toBe(false);
  expect(fs.statSync(file()).mode & 0o777).toBe(0o600);
  expect(await opened((store) => store.get(KEY))).toMatchObject({ value: { data: { key: PLAIN } } });
});

test('nothing else is encrypted, and without Secrets there is no key', async () => {
  await opened((store) => store.create('/registry/configmaps/default/c', secret()));
  expect((await rows())['/registry/configmaps/default/c']?.v).toMatchObject({ data: { key: PLAIN } });
  expect(fs.existsSync(file())).toBe(false);
});

test('what was written before is readable, and encrypted when it is written again', async () => {
  await opened(() => Promise.resolve());
  fs.writeFileSync(file(), configuration([]));
  await opened((store) => store.create(KEY, secret()));
  expect((await rows())[KEY]?.v).toMatchObject({ data: { key: PLAIN } });
  fs.writeFileSync(file(), configuration([newKey('key1', 1)]));
  await opened(async (store) => {
    expect(await store.get(KEY)).toMatchObject({ value: { data: { key: PLAIN } } });
    await store.update(KEY, 2, secret('bmV3'));
  });
  expect((await rows())[KEY]?.v).toMatch(/^k8s:enc:aesgcm:v1:key1:/);
});

test('the first key writes, all of them read', async () => {
  await opened(() => Promise.resolve());
  fs.writeFileSync(file(), configuration([newKey('old', 1)]));
  await opened((store) => store.create(KEY, secret()));
  fs.writeFileSync(file(), configuration([newKey('new', 2), newKey('old', 1)]));
  await opened(async (store) => {
    expect(await store.get(KEY)).toMatchObject({ value: { data: { key: PLAIN } } });
    await store.create(`${KEY}2`, secret());
  });
  const { [KEY]: old, [`${KEY}2`]: fresh } = await rows();
  expect([old?.v, fresh?.v].map((v) => String(v).split(':')[4])).toEqual(['old', 'new']);
});

test.each([
  ['no key', undefined, /\/registry\/secrets\/default\/s is encrypted with "key1", and no such key is there/],
  ['another key', configuration([newKey('key1', 3)]), /cannot be read with key "key1": it is another key, or the value is damaged/],
  ['a file that is damaged', '{', /it is not JSON/],
  ['something else', '{}', /it is no EncryptionConfiguration/],
  ['a key that is too short', configuration([{ name: 'key1', secret: 'YQ==' }]), /key "key1" must have 16, 24, 32 bytes/],
  ['a provider that is not known', configuration([], 'secrets', [{ kms: {} }]), /providers are aesgcm, with keys, and identity/],
  ['a resource that is not known', configuration([newKey('key1', 1)], 'pods'), /resource "pods" cannot be encrypted/],
])('with %s the directory is not opened', async (_, text, why) => {
  await opened((store) => store.create(KEY, secret()));
  if (text === undefined) fs.rmSync(file());
  else fs.writeFileSync(file(), text);
  const failing = openDirectory(directory);
  await expect(failing).rejects.toThrow(why);
  await expect(failing).rejects.toMatchObject({ reason: 'key', path: file() });
});

test('an encrypted value belongs to its key in the store', async () => {
  await opened((store) => store.create(KEY, secret()));
  const { root, objects, lock } = await openDirectory(directory);
  await objects.put(`${KEY}2`, objects.get(KEY)!);
  await root.close();
  lock.release();
  await expect(openDirectory(directory)).rejects.toMatchObject({ reason: 'key' });
});
