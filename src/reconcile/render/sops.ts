// Secrets that SOPS has encrypted: decrypted as they are read, in memory alone, with a key that sops-data-key.ts finds. The whole of the document is checked against
// SOPS' own checksum, so that nothing in it was changed by somebody without the key. Other kinds are refused.
import { createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import { dataKeyOf, SopsError } from './sops-data-key.ts';

/** The secret keys of age that there are; undefined where encrypted Secrets are to be left as they are. */
export type AgeKeys = () => Promise<readonly string[]>;

/** As SOPS finds them: $SOPS_AGE_KEY, and the file that $SOPS_AGE_KEY_FILE names. Rejects with the system's error where that cannot be read. */
export const keysOfEnvironment =
  (env: Readonly<Record<string, string | undefined>>): AgeKeys =>
  async () => {
    const file = env['SOPS_AGE_KEY_FILE'];
    const text = `${env['SOPS_AGE_KEY'] ?? ''}\n${file ? await readFile(file, 'utf8') : ''}`;
    return text.split('\n').flatMap((line) => /^\s*(AGE-SECRET-KEY-\S+)\s*$/.exec(line)?.[1] ?? []);
  };

export type Decrypted =
  | { readonly value: JsonObject; readonly fault?: undefined }
  | { readonly fault: { readonly message: string; readonly hint?: string }; readonly value?: undefined };

/** Whether a document is one that SOPS has encrypted. */
export const isEncrypted = (value: unknown): value is JsonObject & { readonly sops: JsonObject } =>
  isObject(value) && isObject(value.sops) && typeof value.sops.mac === 'string';

/** The document without its `sops` block. What is wrong is told without a word of what it holds. */
export async function decrypt(value: JsonObject & { readonly sops: JsonObject }, keys: AgeKeys): Promise<Decrypted> {
  const { sops, ...rest } = value;
  if (rest.kind !== 'Secret')
    return wrong(`only Secrets are decrypted, and this is a ${String(rest.kind)}`, 'take its secrets into a Secret');
  try {
    const dataKey = await dataKeyOf(sops, keys);
    const walk = new Walk(dataKey, sops.mac_only_encrypted === true);
    const plain = walk.value(rest, []) as JsonObject;
    const mac = String(opened(String(sops.mac), String(sops.lastmodified), dataKey));
    if (!sameText(mac, walk.mac()))
      return wrong('its checksum (MAC) is another: somebody has changed it without the key', 'encrypt it anew with sops');
    return { value: plain };
  } catch (error) {
    if (error instanceof SopsError) return { fault: { message: error.message, ...(error.hint ? { hint: error.hint } : {}) } };
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !(error instanceof Error) || !('syscall' in error)) throw error;
    return wrong(`$SOPS_AGE_KEY_FILE cannot be read (${code})`);
  }
}

const wrong = (message: string, hint?: string): Decrypted => ({ fault: { message, ...(hint ? { hint } : {}) } });

const VALUE = /^ENC\[AES256_GCM,data:([^,\]]*),iv:([^,\]]+),tag:([^,\]]+),type:(\w+)\]$/;

/** An encrypted value. @param bound what it is bound to: the names on the way to it, or the time of the document */
function opened(text: string, bound: string, dataKey: Uint8Array): unknown {
  const [, data = '', iv = '', tag = '', type = ''] = VALUE.exec(text) ?? [];
  try {
    const decipher = createDecipheriv('aes-256-gcm', dataKey, Buffer.from(iv, 'base64'), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(bound));
    decipher.setAuthTag(Buffer.from(tag, 'base64'));
    return typed(Buffer.concat([decipher.update(Buffer.from(data, 'base64')), decipher.final()]).toString(), type);
  } catch (error) {
    if (error instanceof SopsError) throw error;
    throw new SopsError(
      `${bound.replace(/:$/, '') || 'a value'} cannot be decrypted: it was changed, or moved`,
      'encrypt it anew with sops',
      error,
    );
  }
}

function typed(text: string, type: string): unknown {
  switch (type) {
    case 'str':
      return text;
    case 'int':
    case 'float':
      return Number(text);
    case 'bool':
      return text === 'True';
    default:
      throw new SopsError(`a value has the type ${JSON.stringify(type)}, which is not supported`);
  }
}

/** Levels of a document. */
const MAX_DEPTH = 100;
/** Begins the checksum of documents in which it is of encrypted values alone. */
const ONLY_ENCRYPTED = createHash('sha256').update('sops').digest();

/** Goes through a document in its order, decrypts, and reckons its checksum. Names of lists' items take no part in what values are bound to. */
class Walk {
  private readonly dataKey: Uint8Array;
  private readonly onlyEncrypted: boolean;
  private readonly hash = createHash('sha512');

  constructor(dataKey: Uint8Array, onlyEncrypted: boolean) {
    this.dataKey = dataKey;
    this.onlyEncrypted = onlyEncrypted;
    if (onlyEncrypted) this.hash.update(ONLY_ENCRYPTED);
  }

  value(value: unknown, path: readonly string[]): unknown {
    if (path.length > MAX_DEPTH) throw new SopsError('it is nested too deeply');
    if (Array.isArray(value)) return value.map((item) => this.value(item, path));
    if (isObject(value))
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.value(inner, [...path, name])]));
    const isCiphered = typeof value === 'string' && VALUE.test(value);
    const plain = isCiphered ? opened(value, `${path.join(':')}:`, this.dataKey) : value;
    if (plain !== null && (isCiphered || !this.onlyEncrypted)) this.hash.update(bytesOf(plain));
    return plain;
  }

  mac(): string {
    return this.hash.digest('hex').toUpperCase();
  }
}

/** As Python, in which SOPS began, writes them. */
const bytesOf = (value: unknown): string => (typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value));

const sameText = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
