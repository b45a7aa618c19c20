// What lies encrypted on the disk: the objects that the directory's EncryptionConfiguration names, as Kubernetes' provider aesgcm writes them
// (`k8s:enc:aesgcm:v1:key1:` and what follows), bound to their keys in the store. What was written before stays readable. The keys are in a
// file of their own, beside the database and not in it; the first is made when the first Secret is written.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { isErrno, StorageError } from './storage-error.ts';

/** An EncryptionConfiguration of apiserver.config.k8s.io/v1 in JSON. */
export const CONFIGURATION = 'encryption.json';

const PREFIX = 'k8s:enc:aesgcm:v1:';
const KEY_NAME = 'key1';
const KEY_BYTES = [16, 24, 32];
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The resources that can be encrypted, and where they are stored. */
const FOLDERS: Readonly<Record<string, string>> = { secrets: '/registry/secrets/', configmaps: '/registry/configmaps/' };

interface Key {
  readonly name: string;
  readonly secret: Buffer;
}

/** How one resource is kept. */
interface Resource {
  readonly folder: string;
  /** All can be read with. */
  readonly keys: readonly Key[];
  /** What is written from now on is written with the first key; undefined: as it is. */
  readonly writes: Key | undefined;
}

/** A value in the database: the object, or what became of it. */
export type Kept = object | string;

export class Encryption {
  private readonly file: string;
  private resources: readonly Resource[] | undefined;

  /** Throws a StorageError (`key`) where there is a configuration that cannot be used. */
  constructor(directory: string) {
    this.file = path.join(directory, CONFIGURATION);
    const text = readIfThere(this.file);
    if (text !== undefined) this.resources = this.parse(text);
  }

  /** @param key in the store. Throws a StorageError (`key`) where the value can no longer be read. */
  read(key: string, kept: Kept): object {
    if (typeof kept !== 'string') return kept;
    const [, name = '', text = ''] = /^k8s:enc:aesgcm:v1:([^:]+):(.*)$/.exec(kept) ?? [];
    const secret = this.resources?.flatMap(({ keys }) => keys).find((one) => one.name === name)?.secret;
    if (!secret) throw this.failure(`${key} is encrypted with ${JSON.stringify(name)}, and no such key is there`);
    const bytes = Buffer.from(text, 'base64');
    try {
      const decipher = createDecipheriv(algorithm(secret), secret, bytes.subarray(0, NONCE_BYTES));
      decipher.setAAD(Buffer.from(key));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      const plain = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      return JSON.parse(plain.toString()) as object;
    } catch (error) {
      throw this.failure(`${key} cannot be read with key ${JSON.stringify(name)}: it is another key, or the value is damaged`, error);
    }
  }

  /** The value as it is to lie in the database. Throws a StorageError where the first key cannot be kept. */
  write(key: string, value: object): Kept {
    if (this.resources === undefined) {
      if (!key.startsWith(FOLDERS['secrets']!)) return value;
      this.resources = this.parse(this.create());
    }
    const writes = this.resources.find(({ folder }) => key.startsWith(folder))?.writes;
    if (!writes) return value;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(algorithm(writes.secret), writes.secret, nonce);
    cipher.setAAD(Buffer.from(key));
    const parts = [nonce, cipher.update(JSON.stringify(value)), cipher.final(), cipher.getAuthTag()];
    return `${PREFIX}${writes.name}:${Buffer.concat(parts).toString('base64')}`;
  }

  /** It must be kept before anything is written with it. */
  private create(): string {
    const keys = [{ name: KEY_NAME, secret: randomBytes(32).toString('base64') }];
    const configuration = {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{ resources: ['secrets'], providers: [{ aesgcm: { keys } }, { identity: {} }] }],
    };
    const text = `${JSON.stringify(configuration, undefined, 2)}\n`;
    try {
      writeDurably(this.file, text);
    } catch (error) {
      throw new StorageError('failed', this.file, `the key cannot be kept${isErrno(error) ? ` (${error.code})` : ''}`, { cause: error });
    }
    return text;
  }

  private failure(what: string, cause?: unknown): StorageError {
    return new StorageError('key', this.file, what, cause === undefined ? {} : { cause });
  }

  private parse(text: string): readonly Resource[] {
    try {
      const { apiVersion, kind, resources = [] } = JSON.parse(text) as Configuration;
      if (apiVersion !== 'apiserver.config.k8s.io/v1' || kind !== 'EncryptionConfiguration')
        throw new Error('it is no EncryptionConfiguration of apiserver.config.k8s.io/v1');
      return resources.flatMap(({ resources: names = [], providers = [] }) => names.map((name) => resourceOf(name, providers)));
    } catch (error) {
      throw this.failure(error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message, error);
    }
  }
}

interface Provider {
  readonly aesgcm?: { readonly keys?: readonly { readonly name?: string; readonly secret?: string }[] };
  readonly identity?: object;
}

interface Configuration {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly resources?: readonly { readonly resources?: readonly string[]; readonly providers?: readonly Provider[] }[];
}

function resourceOf(name: string, providers: readonly Provider[]): Resource {
  const folder = FOLDERS[name];
  if (folder === undefined)
    throw new Error(`resource ${JSON.stringify(name)} cannot be encrypted: only ${Object.keys(FOLDERS).join(', ')}`);
  const known = providers.map((provider) => {
    const { aesgcm, identity } = provider;
    if (identity) return [];
    if (!aesgcm?.keys?.length) throw new Error(`${name}: providers are aesgcm, with keys, and identity`);
    return aesgcm.keys.map(keyOf);
  });
  if (known.length === 0) throw new Error(`${name}: there is no provider`);
  return { folder, keys: known.flat(), writes: known[0]![0] };
}

function keyOf({ name = '', secret = '' }: { readonly name?: string; readonly secret?: string }): Key {
  const bytes = Buffer.from(secret, 'base64');
  if (name === '' || name.includes(':')) throw new Error('a key has a name, without a colon');
  if (!KEY_BYTES.includes(bytes.length)) throw new Error(`key ${JSON.stringify(name)} must have ${KEY_BYTES.join(', ')} bytes, in base64`);
  return { name, secret: bytes };
}

const algorithm = ({ length }: Buffer): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' =>
  length === 16 ? 'aes-128-gcm' : length === 24 ? 'aes-192-gcm' : 'aes-256-gcm';

function readIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error) && error.code === 'ENOENT') return undefined;
    throw new StorageError('key', file, `it cannot be read${isErrno(error) ? ` (${error.code})` : ''}`, { cause: error });
  }
}

/** Not half, and still there after a power failure. */
function writeDurably(file: string, text: string): void {
  const aside = `${file}.${process.pid}`;
  const sync = (at: string, flags: string, write: (descriptor: number) => void): void => {
    const descriptor = fs.openSync(at, flags, 0o600);
    try {
      write(descriptor);
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  };
  sync(aside, 'w', (descriptor) => fs.writeSync(descriptor, text));
  fs.renameSync(aside, file);
  sync(path.dirname(file), 'r', () => undefined);
}
