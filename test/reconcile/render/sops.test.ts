// Secrets as SOPS encrypts them: the same way is gone here in the other direction.
import { execFileSync } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { armor, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { isObject, type JsonObject } from '../../../src/apimachinery/object.ts';
import { RealClock } from '../../../src/apimachinery/clock.ts';
import { prepare } from '../../../src/reconcile/prepare.ts';
import { ManifestCache } from '../../../src/reconcile/render/manifest-cache.ts';
import { decrypt, isEncrypted, keysOfEnvironment, type AgeKeys } from '../../../src/reconcile/render/sops.ts';

const TIME = '2026-01-01T00:00:00Z';
const DATA_KEY = Buffer.alloc(32, 7);
let identity: string;
let stranger: string;
beforeAll(async () => {
  identity = await generateIdentity();
  stranger = await generateIdentity();
});

function sealed(value: unknown, bound: string, type = 'str', text = String(value)): string {
  const iv = createHash('sha256').update(`${bound}${text}`).digest();
  const cipher = createCipheriv('aes-256-gcm', DATA_KEY, iv).setAAD(Buffer.from(bound));
  const data = Buffer.concat([cipher.update(text), cipher.final()]).toString('base64');
  return `ENC[AES256_GCM,data:${data},iv:${iv.toString('base64')},tag:${cipher.getAuthTag().toString('base64')},type:${type}]`;
}

/** As `sops encrypt --encrypted-regex '^(data|stringData)$'`. */
async function encrypted(plain: JsonObject, more: JsonObject = {}): Promise<JsonObject & { readonly sops: JsonObject }> {
  const hash = createHash('sha512');
  if (more.mac_only_encrypted) hash.update(createHash('sha256').update('sops').digest());
  const seal = (value: unknown, path: readonly string[]): unknown => {
    if (Array.isArray(value)) return value.map((item) => seal(item, path));
    if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, seal(inner, [...path, name])]));
    const hides = path[0] === 'data' || path[0] === 'stringData';
    const text = typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
    if (value !== null && (hides || !more.mac_only_encrypted)) hash.update(text);
    const type = typeof value === 'boolean' ? 'bool' : typeof value === 'number' ? 'int' : 'str';
    return hides ? sealed(value, `${path.join(':')}:`, type, text) : value;
  };
  const body = seal(plain, []) as JsonObject;
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  const enc = armor.encode(await encrypter.encrypt(DATA_KEY));
  const mac = sealed(hash.digest('hex').toUpperCase(), TIME);
  return { ...body, sops: { age: [{ recipient: 'age1…', enc }], lastmodified: TIME, mac, version: '3.9.0', ...more } };
}

const SECRET = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'db', namespace: 'shop', creationTimestamp: null, labels: { app: 'db' } },
  stringData: { user: 'ada', password: 'p: ä\n', port: '5432', empty: '' },
};
const open = (value: JsonObject & { readonly sops: JsonObject }, ...keys: readonly string[]) =>
  decrypt(value, async () => (keys.length ? keys : [identity]));

describe('an encrypted Secret', () => {
  test('is what it was', async () => {
    const value = await encrypted(SECRET);
    expect(isEncrypted(value)).toBe(true);
    expect(JSON.stringify(value)).not.toContain('"ada"');
    expect(await open(value)).toEqual({ value: SECRET });
    expect(await open(value, stranger, identity)).toEqual({ value: SECRET });
  });

  test('of numbers, truths and lists is what it was', async () => {
    const secret = { ...SECRET, stringData: { n: 5, t: true, f: false, list: ['a', 'a', 'b'] } };
    expect(await open(await encrypted(secret))).toEqual({ value: secret });
  });

  test('whose checksum is of encrypted values alone', async () => {
    const value = await encrypted(SECRET, { mac_only_encrypted: true });
    const renamed = { ...value, metadata: { ...SECRET.metadata, namePrefix: 'x' } };
    expect(await open(value)).toEqual({ value: SECRET });
    expect((await open(renamed)).fault).toBeUndefined();
  });

  test.each<readonly [string, (value: JsonObject & { readonly sops: JsonObject }) => JsonObject, string]>([
    ['with another name', (value) => ({ ...value, metadata: { ...SECRET.metadata, name: 'x' } }), 'checksum'],
    ['with a value in the open', (value) => ({ ...value, stringData: { ...(value.stringData as JsonObject), user: 'eve' } }), 'checksum'],
    [
      'with values that changed places',
      (value) => {
        const { user, password, ...rest } = value.stringData as JsonObject;
        return { ...value, stringData: { user: password, password: user, ...rest } };
      },
      'stringData:user cannot be decrypted',
    ],
    ['with a value less', (value) => ({ ...value, stringData: { user: (value.stringData as JsonObject).user } }), 'checksum'],
    [
      'of another time',
      (value) => ({ ...value, sops: { ...value.sops, lastmodified: '2026-01-02T00:00:00Z' } }),
      '2026-01-02T00:00:00Z cannot be decrypted',
    ],
    ['that is no Secret', (value) => ({ ...value, kind: 'ConfigMap' }), 'only Secrets are decrypted'],
    ['for no recipient', (value) => ({ ...value, sops: { ...value.sops, age: [] } }), 'no recipient of age or PGP'],
    [
      'of another keeper',
      (value) => ({ ...value, sops: { ...value.sops, age: null, kms: [{ arn: 'arn:aws:kms:x', enc: 'x' }], hc_vault: [{ enc: 'x' }] } }),
      'kept by AWS KMS and HashiCorp Vault',
    ],
    ['of groups of recipients', (value) => ({ ...value, sops: { ...value.sops, age: [], key_groups: [{ age: [] }] } }), 'key_groups'],
    ['for an age recipient that is none', (value) => ({ ...value, sops: { ...value.sops, age: [{ enc: 'x' }] } }), 'none of the age keys'],
  ])('%s is refused', async (_, change, why) => {
    const { fault, value } = await open(change(await encrypted(SECRET)) as JsonObject & { readonly sops: JsonObject });
    expect(value).toBeUndefined();
    expect(fault?.message).toContain(why);
  });

  test('for others is refused', async () => {
    expect((await open(await encrypted(SECRET), stranger)).fault?.message).toContain('none of the age keys opens it');
  });

  test('without a key is refused', async () => {
    expect((await decrypt(await encrypted(SECRET), keysOfEnvironment({}))).fault).toMatchObject({
      message: 'is encrypted, and there is no key',
    });
    const unreadable = keysOfEnvironment({ SOPS_AGE_KEY_FILE: '/nowhere/key' });
    expect((await decrypt(await encrypted(SECRET), unreadable)).fault?.message).toBe('$SOPS_AGE_KEY_FILE cannot be read (ENOENT)');
  });
});

describe('an encrypted Secret for a PGP recipient', () => {
  let home: string;
  let message: string;
  const gpg = (input: Uint8Array, ...args: readonly string[]): string =>
    execFileSync('gpg', ['--batch', '--quiet', ...args], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
  beforeAll(() => {
    // the socket of gpg's agent lies in it, and its path must be short
    home = fs.mkdtempSync('/tmp/jibe-pgp-');
    vi.stubEnv('GNUPGHOME', home);
    gpg(Buffer.of(), '--passphrase', '', '--quick-generate-key', 'shop@example.com', 'rsa2048', 'encr', 'never');
    message = gpg(DATA_KEY, '--armor', '--trust-model', 'always', '--recipient', 'shop@example.com', '--encrypt');
  });
  afterAll(() => {
    try {
      execFileSync('gpgconf', ['--kill', 'all'], { stdio: 'ignore' });
    } finally {
      vi.unstubAllEnvs();
      fs.rmSync(home, { recursive: true, force: true });
    }
  });
  const forPgp = async (age: unknown = null): Promise<JsonObject & { readonly sops: JsonObject }> => {
    const value = await encrypted(SECRET);
    return { ...value, sops: { ...value.sops, pgp: [{ fp: 'x', enc: message }], ...(age === undefined ? {} : { age }) } };
  };

  test('is what it was', async () => {
    expect(await open(await forPgp())).toEqual({ value: SECRET });
  });

  test('and for one of age opens with either', async () => {
    expect(await open(await forPgp(undefined))).toEqual({ value: SECRET });
    expect(await decrypt(await forPgp(undefined), keysOfEnvironment({}))).toEqual({ value: SECRET });
  });

  test('whose key is not there is refused', async () => {
    const elsewhere = fs.mkdtempSync('/tmp/jibe-pgp-');
    vi.stubEnv('GNUPGHOME', elsewhere);
    try {
      expect((await open(await forPgp())).fault?.message).toMatch(/gpg does not open it: .*(?:No secret key|secret key not available)/i);
    } finally {
      vi.stubEnv('GNUPGHOME', home);
      fs.rmSync(elsewhere, { recursive: true, force: true });
    }
  });

  test('without the program is refused', async () => {
    vi.stubEnv('SOPS_GPG_EXEC', '/nowhere/gpg');
    try {
      expect((await open(await forPgp())).fault?.message).toContain('the program was not found');
    } finally {
      vi.stubEnv('SOPS_GPG_EXEC', '');
    }
  });
});

describe('a source with one', () => {
  const source = async (files: Readonly<Record<string, string>>, keys: AgeKeys | 'leave encrypted') => {
    const location = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-sops-'));
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(location, name), text);
    try {
      const deps = { clock: new RealClock(), stdin: process.stdin, cacheDirectory: `${location}/cache` };
      return await prepare({ location }, deps, { cache: new ManifestCache(keys) });
    } finally {
      fs.rmSync(location, { recursive: true });
    }
  };
  const file = async (): Promise<string> => `# of the shop\n${JSON.stringify(await encrypted(SECRET), null, 2)}\n`;

  test('is read, as a file or through a kustomization', async () => {
    const plain = await source({ 'a.yaml': await file() }, async () => [identity]);
    expect(plain.errors).toEqual([]);
    expect(plain.manifests.map(({ object }) => object)).toEqual([SECRET]);
    const files = { 'kustomization.yaml': 'namePrefix: x-\nresources: [a.yaml]\n', 'a.yaml': await file() };
    const built = await source(files, async () => [identity]);
    expect(built.errors).toEqual([]);
    expect(built.manifests[0]!.object).toMatchObject({ metadata: { name: 'x-db' }, stringData: { user: 'ada' } });
    expect(built.manifests[0]!.object).not.toHaveProperty('sops');
  });

  test('tells what is wrong, with its place', async () => {
    const plain = await source({ 'a.yaml': await file() }, async () => []);
    expect(plain.manifests).toEqual([]);
    expect(plain.errors).toMatchObject([{ file: 'a.yaml', path: 'sops', message: 'is encrypted, and there is no key' }]);
    const built = await source({ 'kustomization.yaml': 'resources: [a.yaml]\n', 'a.yaml': await file() }, async () => []);
    expect(built.errors).toMatchObject([{ file: 'a.yaml', message: expect.stringContaining('there is no key') as string }]);
  });
});

test('keys come from variables as SOPS reads them', async () => {
  const key = await generateIdentity();
  expect(await keysOfEnvironment({ SOPS_AGE_KEY: `# created: today\n${key}\n` })()).toEqual([key]);
});
