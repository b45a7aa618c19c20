// bcrypt, as htpasswd files have it: Blowfish with a key schedule that costs time. Its tables are digits of pi, which are reckoned when
// the first password is hashed.

/** Of bcrypt: two to that power. Go's default. */
const COST = 10;
export const MAX_PASSWORD_BYTES = 72;

const ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** Encrypted again and again: "OrpheanBeholderScryDoubt". */
const MAGIC = [0x4f727068, 0x65616e42, 0x65686f6c, 0x64657253, 0x63727944, 0x6f756274];
const HASH_BYTES = 23;
const P_WORDS = 18;
const S_WORDS = 1024;

/** @param salt of 16 bytes */
export function bcryptHash(password: Uint8Array, salt: Uint8Array): string {
  const cipher = new Blowfish();
  const key = wordsOf(Uint8Array.from([...password, 0]), P_WORDS);
  const saltWords = wordsOf(salt, P_WORDS);
  cipher.expand(key, saltWords);
  for (let i = 0; i < 2 ** COST; i++) {
    cipher.expand(key);
    cipher.expand(saltWords);
  }
  const text = Int32Array.from(MAGIC);
  for (let i = 0; i < text.length; i += 2) for (let round = 0; round < 64; round++) cipher.encrypt(text, i);
  const hash = Buffer.alloc(24);
  text.forEach((word, i) => hash.writeInt32BE(word, i * 4));
  return `$2a$${COST}$${encoded(salt)}${encoded(hash.subarray(0, HASH_BYTES))}`;
}

/** So many words of the bytes, again and again from their beginning. */
function wordsOf(bytes: Uint8Array, count: number): Int32Array {
  const at = (i: number): number => bytes[i % bytes.length]!;
  return Int32Array.from({ length: count }, (_, word) => {
    const i = word * 4;
    return (at(i) << 24) | (at(i + 1) << 16) | (at(i + 2) << 8) | at(i + 3);
  });
}

/** Base64 in bcrypt's own order, without padding. */
function encoded(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const bits = (a << 16) | (b << 8) | c;
    const size = Math.min(bytes.length - i, 3) + 1;
    for (let j = 0; j < size; j++) out += ALPHABET[(bits >> (18 - 6 * j)) & 63]!;
  }
  return out;
}

class Blowfish {
  private readonly p: Int32Array;
  private readonly s: Int32Array;

  constructor() {
    const digits = digitsOfPi();
    this.p = digits.slice(0, P_WORDS);
    this.s = digits.slice(P_WORDS);
  }

  /** @param salt mixed into what is encrypted */
  expand(key: Int32Array, salt?: Int32Array): void {
    const { p, s } = this;
    for (let i = 0; i < P_WORDS; i++) p[i]! ^= key[i]!;
    const block = Int32Array.of(0, 0);
    let at = 0;
    for (const table of [p, s])
      for (let i = 0; i < table.length; i += 2) {
        if (salt) {
          block[0]! ^= salt[at & 3]!;
          block[1]! ^= salt[(at + 1) & 3]!;
          at += 2;
        }
        this.encrypt(block, 0);
        table[i] = block[0]!;
        table[i + 1] = block[1]!;
      }
  }

  /** Two words. */
  encrypt(words: Int32Array, at: number): void {
    const { p, s } = this;
    let left = words[at]! ^ p[0]!;
    let right = words[at + 1]!;
    for (let i = 1; i <= 16; i += 2) {
      right ^= (((s[left >>> 24]! + s[256 + ((left >>> 16) & 255)]!) ^ s[512 + ((left >>> 8) & 255)]!) + s[768 + (left & 255)]!) ^ p[i]!;
      left ^=
        (((s[right >>> 24]! + s[256 + ((right >>> 16) & 255)]!) ^ s[512 + ((right >>> 8) & 255)]!) + s[768 + (right & 255)]!) ^ p[i + 1]!;
    }
    words[at] = right ^ p[17]!;
    words[at + 1] = left;
  }
}

let pi: Int32Array | undefined;

/** What stands behind the point, in words of 32 bits: Machin's formula. */
function digitsOfPi(): Int32Array {
  if (!pi) {
    const words = P_WORDS + S_WORDS;
    const guard = 64n;
    const bits = BigInt(words * 32) + guard;
    const arctan = (x: bigint): bigint => {
      let power = (1n << bits) / x;
      let sum = power;
      for (let n = 3n, minus = true; power > 0n; n += 2n, minus = !minus) {
        power /= x * x;
        sum += minus ? -power / n : power / n;
      }
      return sum;
    };
    const whole = (16n * arctan(5n) - 4n * arctan(239n)) >> guard;
    const hex = (whole & ((1n << BigInt(words * 32)) - 1n)).toString(16).padStart(words * 8, '0');
    pi = Int32Array.from({ length: words }, (_, i) => Number.parseInt(hex.slice(i * 8, i * 8 + 8), 16) | 0);
  }
  return pi;
}
