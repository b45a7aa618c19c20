// Randomness as everything in cluster/ and reconcile/ sees it: injected and seeded, so that a run can be repeated to the byte.
import { randomBytes } from 'node:crypto';

/** The alphabet of generated names: no vowels, no look-alikes, so that no words arise. As in k8s.io/apimachinery's rand. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** @param seed any number; the same one gives the same sequence */
  constructor(seed: number) {
    this.a = seed >>> 0;
    this.b = Math.floor(seed / 2 ** 32) >>> 0;
    this.c = 0x9e3779b9;
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** One that nobody can foresee. */
  static unpredictable(): Random {
    return new Random(randomBytes(6).readUIntBE(0, 6));
  }

  /** Chris Doty-Humphrey's sfc32. */
  uint32(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** At least 0, less than 1. */
  fraction(): number {
    return this.uint32() / 2 ** 32;
  }

  /** A whole number: at least 0, less than `bound`. */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.uint32() & 0xff);
  }

  /** A UUID of version 4. */
  uuid(): string {
    const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');
    const [w, x, y, z] = [this.uint32(), this.uint32(), this.uint32(), this.uint32()];
    return `${hex(w, 8)}-${hex(x >>> 16, 4)}-4${hex(x & 0xfff, 3)}-${hex(0x8000 | ((y >>> 16) & 0x3fff), 4)}-${hex(y & 0xffff, 4)}${hex(z, 8)}`;
  }

  /** The random end of a generated name, five characters unless told otherwise. */
  suffix(length = 5): string {
    let out = '';
    for (let i = 0; i < length; i++) out += ALPHABET[this.below(ALPHABET.length)];
    return out;
  }

  /** A generator of its own, for a part whose draws must not depend on those of others. */
  fork(): Random {
    return new Random(this.uint32() * 2 ** 21 + this.below(2 ** 21));
  }
}
