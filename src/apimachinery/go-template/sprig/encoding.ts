// sprig's functions that encode and hash.
import { createHash } from 'node:crypto';
import { go, type TemplateFunctions } from '../signature.ts';
import { bytesOf, textOfBytes } from '../values.ts';

const ofText = (make: (text: string) => string) => go('(string) string', make);
const hash = (algorithm: string) => ofText((s) => createHash(algorithm).update(bytesOf(s)).digest('hex'));

export const SPRIG_ENCODING: TemplateFunctions = {
  b64enc: ofText((s) => bytesOf(s).toString('base64')),
  b64dec: ofText((s) => decoded(s, BASE64)),
  b32enc: ofText((s) => encoded32(bytesOf(s))),
  b32dec: ofText((s) => decoded(s, BASE32)),
  sha1sum: hash('sha1'),
  sha256sum: hash('sha256'),
  sha512sum: hash('sha512'),
  adler32sum: ofText((s) => {
    let [a, b] = [1, 0];
    for (const byte of bytesOf(s)) {
      a = (a + byte) % 65521;
      b = (b + a) % 65521;
    }
    return String(b * 65536 + a);
  }),
};

interface Base {
  readonly name: string;
  readonly alphabet: string;
  /** Of a character. */
  readonly bits: number;
  /** Characters that give whole bytes together. */
  readonly group: number;
  /** Characters that a group that is cut short may have. */
  readonly short: readonly number[];
}

const BASE64: Base = {
  name: 'base64',
  alphabet: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  bits: 6,
  group: 4,
  short: [2, 3],
};
const BASE32: Base = { name: 'base32', alphabet: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', bits: 5, group: 8, short: [2, 4, 5, 7] };

/** What is wrong is given instead, as sprig does. */
function decoded(text: string, { name, alphabet, bits, group, short }: Base): string {
  const wrong = (at: number): string => `illegal ${name} data at input byte ${at}`;
  const signs = [...text].map((c, at) => ({ c, at })).filter(({ c }) => c !== '\r' && c !== '\n');
  const out: number[] = [];
  let [buffer, size, inGroup] = [0, 0, 0];
  for (const [i, { c, at }] of signs.entries()) {
    const value = alphabet.indexOf(c);
    if (value < 0) {
      if (c !== '=' || !short.includes(inGroup)) return wrong(at);
      const rest = signs.slice(i);
      const missing = group - inGroup;
      if (rest.length < missing) return wrong(text.length);
      const bad = rest.find((sign, j) => (j < missing ? sign.c !== '=' : true));
      return bad ? wrong(bad.c === '=' || rest.indexOf(bad) >= missing ? bad.at : bad.at) : textOfBytes(Uint8Array.from(out));
    }
    buffer = ((buffer << bits) | value) & 0xffff;
    size += bits;
    inGroup = (inGroup + 1) % group;
    if (size >= 8) {
      size -= 8;
      out.push((buffer >> size) & 0xff);
    }
    if (inGroup === 0) size = 0;
  }
  return inGroup === 0 ? textOfBytes(Uint8Array.from(out)) : wrong(text.length - inGroup);
}

function encoded32(bytes: Uint8Array): string {
  let out = '';
  let [buffer, size] = [0, 0];
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xffff;
    for (size += 8; size >= 5; size -= 5) out += BASE32.alphabet[(buffer >> (size - 5)) & 31]!;
  }
  if (size > 0) out += BASE32.alphabet[(buffer << (5 - size)) & 31]!;
  return out.padEnd(Math.ceil(out.length / 8) * 8, '=');
}
