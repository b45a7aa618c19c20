// sprig's functions that draw: passwords, identifiers, numbers.
// DEVIATION: what they draw follows from a seed, so that the same templates give the same whenever they are executed; who does not know
// the seed cannot foresee it.
import { createHash } from 'node:crypto';
import { go, type TemplateFunctions } from '../signature.ts';
import { FunctionError } from '../template-error.ts';

/** Longer ones no one wants. */
const MAX_LENGTH = 1024 * 1024;

/** A stream of bytes: hashes of the seed and a counter. */
export class SeededRandom {
  private readonly seed: string;
  private counter = 0;
  private block: Buffer = Buffer.alloc(0);
  private used = 0;

  constructor(seed: string) {
    this.seed = seed;
  }

  bytes(count: number): Buffer {
    const out = Buffer.alloc(count);
    for (let filled = 0; filled < count;) {
      if (this.used === this.block.length) {
        this.block = createHash('sha256').update(`${this.counter++}\0${this.seed}`).digest();
        this.used = 0;
      }
      const size = this.block.copy(out, filled, this.used, this.used + count - filled);
      filled += size;
      this.used += size;
    }
    return out;
  }

  /** A whole number: at least 0, less than `bound`. */
  below(bound: number): number {
    return Number(this.bytes(8).readBigUInt64BE() % BigInt(bound));
  }

  text(length: number, alphabet: string): string {
    if (length > MAX_LENGTH) throw new FunctionError(`more than ${MAX_LENGTH} characters`);
    return Array.from({ length: Math.max(0, length) }, () => alphabet[this.below(alphabet.length)]!).join('');
  }
}

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const ALPHA = UPPER + UPPER.toLowerCase();
const DIGITS = '0123456789';
const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');

/** @param random asked for at each call */
export function randomFunctions(random: () => SeededRandom): TemplateFunctions {
  const drawing = (alphabet: string) => go('(int) string', (length: number) => random().text(length, alphabet));
  return {
    randAlphaNum: drawing(ALPHA + DIGITS),
    randAlpha: drawing(ALPHA),
    randNumeric: drawing(DIGITS),
    randAscii: drawing(ASCII),
    randBytes: go('(int) string', (count: number) => {
      if (count < 0 || count > MAX_LENGTH) throw new FunctionError('runtime error: makeslice: len out of range');
      return random().bytes(count).toString('base64');
    }),
    randInt: go('(int, int) int', (min: number, max: number) => {
      if (max <= min) throw new FunctionError('invalid argument to Intn');
      return min + random().below(max - min);
    }),
    shuffle: go('(string) string', (text: string) => {
      const runes = [...text];
      for (let i = runes.length - 1; i > 0; i--) {
        const other = random().below(i + 1);
        [runes[i], runes[other]] = [runes[other]!, runes[i]!];
      }
      return runes.join('');
    }),
    uuidv4: go('() string', () => {
      const bytes = random().bytes(16);
      bytes[6] = (bytes[6]! & 0x0f) | 0x40;
      bytes[8] = (bytes[8]! & 0x3f) | 0x80;
      return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    }),
  };
}
