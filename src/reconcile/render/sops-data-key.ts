// The key of a document that SOPS has encrypted: opened with a key of age, or by the gpg program with a key of its keyring. Keepers of
// keys elsewhere (KMS, Vault) are not asked. A program gets the encrypted key alone, on its standard input, and is bounded.
import { execFile } from 'node:child_process';
import { isObject, type JsonObject } from '../../apimachinery/object.ts';

/** What is wrong, without a word of what the document holds. */
export class SopsError extends Error {
  override readonly name = 'SopsError';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint;
  }
}

/** Recipients of one kind that are tried. */
const MAX_RECIPIENTS = 100;
/** Those for which a program is started. */
const MAX_PGP_RECIPIENTS = 10;
const KEY_BYTES = 32;

/** As one of the recipients may have it. Throws {@link SopsError}. @param ageKeys asked for only where there are age recipients */
export async function dataKeyOf(sops: JsonObject, ageKeys: () => Promise<readonly string[]>): Promise<Uint8Array> {
  const [age, pgp] = [recipients(sops.age, MAX_RECIPIENTS), recipients(sops.pgp, MAX_PGP_RECIPIENTS)];
  if (age.length + pgp.length === 0) throw notAsked(sops);
  const keys = age.length ? await ageKeys() : [];
  const byAge = keys.length ? await openedByAge(age, keys) : undefined;
  if (byAge) return byAge;
  const byGpg = await openedByGpg(pgp);
  if ('dataKey' in byGpg) return byGpg.dataKey;
  if (byGpg.why !== '') throw new SopsError(`is encrypted, and gpg does not open it: ${byGpg.why}`, PGP_HINT);
  if (keys.length === 0) throw new SopsError('is encrypted, and there is no key', 'set $SOPS_AGE_KEY_FILE to a file with an age key');
  throw new SopsError('is encrypted for others: none of the age keys opens it', 'add your key to its recipients (sops updatekeys)');
}

const PGP_HINT = 'gpg --list-secret-keys must show the key of a recipient, and gpg-agent must be able to unlock it';

const recipients = (list: unknown, most: number): readonly string[] =>
  (Array.isArray(list) ? list : [])
    .filter(isObject)
    .slice(0, most)
    .map(({ enc }) => String(enc));

const KEEPERS: Readonly<Record<string, string>> = {
  kms: 'AWS KMS',
  gcp_kms: 'Google Cloud KMS',
  azure_kv: 'Azure Key Vault',
  hc_vault: 'HashiCorp Vault',
  hckms: 'Huawei Cloud KMS',
};

function notAsked(sops: JsonObject): SopsError {
  const hint = 'add a recipient of age or PGP: sops rotate --in-place --add-age AGE1…';
  if (Array.isArray(sops.key_groups) && sops.key_groups.length)
    return new SopsError('its key is shared among groups of recipients (key_groups), which are not put together here', hint);
  const keepers = Object.entries(KEEPERS).flatMap(([field, name]) => (recipients(sops[field], 1).length ? [name] : []));
  if (keepers.length === 0) return new SopsError('is encrypted for no recipient of age or PGP', hint);
  return new SopsError(`its key is kept by ${keepers.join(' and ')}, which is not asked for it`, hint);
}

async function openedByAge(messages: readonly string[], keys: readonly string[]): Promise<Uint8Array | undefined> {
  const { armor, Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const key of keys) {
    try {
      decrypter.addIdentity(key);
    } catch (error) {
      throw new SopsError('a line of the age key file is no key', undefined, error);
    }
  }
  for (const message of messages) {
    // what is no armored text is as good as one for others
    const decrypted = async (): Promise<Uint8Array> => decrypter.decrypt(armor.decode(message), 'uint8array');
    const dataKey = await decrypted().catch(() => undefined);
    if (dataKey?.length === KEY_BYTES) return dataKey;
  }
  return undefined;
}

/** How long gpg may take, its question for a passphrase included; and how much it may print. */
const GPG_TIMEOUT_MS = 60_000;
const GPG_OUTPUT_BYTES = 64 * 1024;

/** Nothing is looked up elsewhere. */
const GPG_ARGS = ['--batch', '--quiet', '--no-tty', '--disable-dirmngr', '--decrypt'];

/** @returns why not; empty where there was nothing to open */
async function openedByGpg(messages: readonly string[]): Promise<{ readonly dataKey: Uint8Array } | { readonly why: string }> {
  let why = '';
  for (const message of messages) {
    const answer = await gpg(message);
    if (typeof answer !== 'string' && answer.length === KEY_BYTES) return { dataKey: answer };
    why = typeof answer === 'string' ? answer : 'what it opens is no key';
  }
  return { why };
}

/** What a message holds, or why it cannot be opened. SOPS' own variable names another program. */
function gpg(message: string): Promise<Uint8Array | string> {
  const program = process.env['SOPS_GPG_EXEC'] || 'gpg';
  const limits = { timeout: GPG_TIMEOUT_MS, maxBuffer: GPG_OUTPUT_BYTES, encoding: 'buffer' as const };
  return new Promise((resolve) => {
    const child = execFile(program, GPG_ARGS, limits, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else if (error.code === 'ENOENT') resolve('the program was not found');
      else if (error.killed) resolve(`it took more than ${GPG_TIMEOUT_MS / 1000} s, or printed too much`);
      else resolve(/^gpg: (.*)$/m.exec(stderr.toString().replace(/^gpg: encrypted with .*$/gm, ''))?.[1] ?? 'it gives no reason');
    });
    // it may end before it has read anything
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(message);
  });
}
