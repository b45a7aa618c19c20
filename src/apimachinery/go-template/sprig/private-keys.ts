// Private keys that follow from a seed: the machine's own generators cannot be given one.
import { checkPrimeSync, createECDH, createPrivateKey, type KeyObject } from 'node:crypto';
import { derBits, derExplicit, derIdentifier, derInteger, derOctets, derSequence, pem } from '../../x509/write-der.ts';
import type { SeededRandom } from './random.ts';

const EXPONENT = 65537n;
const P256 = '1.2.840.10045.3.1.7';
const ED25519 = '1.3.101.112';
export const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Keys that were made last: a chart that is rendered again has the same, and they cost a fifth of a second each. */
const made = new Map<string, string>();
const MAX_MADE = 100;

/** As PEM, in PKCS #1. */
export function rsaKey(random: SeededRandom, bits: number): string {
  const start = random.bytes(bits / 8);
  const id = start.toString('base64');
  const known = made.get(id);
  if (known !== undefined) return known;
  if (made.size >= MAX_MADE) made.clear();
  const key = rsaKeyOf(prime(start.subarray(0, bits / 16), bits / 2), prime(start.subarray(bits / 16), bits / 2));
  made.set(id, key);
  return key;
}

function rsaKeyOf(p: bigint, q: bigint): string {
  const d = inverse(EXPONENT, (p - 1n) * (q - 1n));
  const numbers = [0n, p * q, EXPONENT, d, p, q, d % (p - 1n), d % (q - 1n), inverse(q, p)];
  return pem('RSA PRIVATE KEY', derSequence(...numbers.map(derInteger)));
}

/** As PEM, in the form of SEC 1. */
export function ecdsaKey(random: SeededRandom): string {
  const scalar = Buffer.from((1n + (number(random.bytes(40)) % (P256_ORDER - 1n))).toString(16).padStart(64, '0'), 'hex');
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(scalar);
  const parts = [derInteger(1n), derOctets(scalar), derExplicit(0, derIdentifier(P256)), derExplicit(1, derBits(curve.getPublicKey()))];
  return pem('EC PRIVATE KEY', derSequence(...parts));
}

/** As PEM, in PKCS #8. */
export const ed25519Key = (random: SeededRandom): string =>
  pem('PRIVATE KEY', derSequence(derInteger(0n), derSequence(derIdentifier(ED25519)), derOctets(derOctets(random.bytes(32)))));

/** As sprig writes a key of its type. */
export function keyText(key: KeyObject): string {
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : key.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs8';
  return key.export({ type, format: 'pem' }) as string;
}

/** Undefined where the text holds none. */
export function readKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

export const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);

/** Products of primes: what shares a factor with them need not be looked at any closer. */
const SMALL_PRIMES = [3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n, 43n, 47n, 53n, 59n, 61n, 67n, 71n, 73n, 79n, 83n, 89n, 97n];

/** The first one from there on. */
function prime(from: Uint8Array, bits: number): bigint {
  // with its two highest bits a product of two has as many bits as is wanted
  const start = number(from) | (3n << BigInt(bits - 2)) | 1n;
  for (let candidate = start; ; candidate += 2n) {
    if (SMALL_PRIMES.some((small) => candidate % small === 0n) || candidate % EXPONENT === 1n) continue;
    if (checkPrimeSync(candidate)) return candidate;
  }
}

/** Of `a`, modulo `m`. */
export function inverse(a: bigint, m: bigint): bigint {
  let [r, next] = [m, ((a % m) + m) % m];
  let [t, following] = [0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [t, following] = [following, t - quotient * following];
  }
  return ((t % m) + m) % m;
}
