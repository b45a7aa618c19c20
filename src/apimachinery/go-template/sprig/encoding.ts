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
  // places in it are told without its line breaks
  b32dec: ofText((s) => decoded(s.replace(/[\r\n]/g, ''), BASE32)),
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
  const signs = Array.from(text, (c, at) => ({ c, at })).filter(({ c }) => c !== '\r' && c !== '\n');
  const end = signs.findIndex(({ c }) => !alphabet.includes(c));
  const letters = end < 0 ? signs : signs.slice(0, end);
  const inGroup = letters.length % group;
  const padding = end < 0 ? [] : signs.slice(end);
  const missing = inGroup === 0 ? 0 : group - inGroup;
  if (padding.length === 0) return missing === 0 ? decodedLetters(letters, alphabet, bits) : wrong(text.length - inGroup);
  if (padding[0]!.c !== '=' || !short.includes(inGroup)) return wrong(padding[0]!.at);
  if (padding.length < missing) return wrong(text.length);
  const bad = padding.findIndex(({ c }, i) => i >= missing || c !== '=');
  if (bad < 0) return decodedLetters(letters, alphabet, bits);
  // what follows a sign of padding that another should follow is told at the first
  return wrong(padding[bad < missing ? bad - 1 : bad]!.at);
}

function decodedLetters(letters: readonly { readonly c: string }[], alphabet: string, bits: number): string {
  const out: number[] = [];
  let [buffer, size] = [0, 0];
  for (const { c } of letters) {
    buffer = ((buffer << bits) | alphabet.indexOf(c)) & 0xffff;
    size += bits;
    if (size < 8) continue;
    size -= 8;
    out.push((buffer >> size) & 0xff);
  }
  return textOfBytes(Uint8Array.from(out));
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
