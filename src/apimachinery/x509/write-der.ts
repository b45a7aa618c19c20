// Writes DER, the encoding of certificates and keys, as far as these need it.
import { BIT_STRING, CONTEXT_0, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET } from './der.ts';

export function derNode(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const bytes =
    size < 0x80 ? [] : [...Buffer.from(size.toString(16).padStart(size.toString(16).length + (size.toString(16).length % 2), '0'), 'hex')];
  return Buffer.concat([Buffer.of(tag, bytes.length === 0 ? size : 0x80 | bytes.length, ...bytes), content]);
}

export const derSequence = (...parts: readonly Uint8Array[]): Buffer => derNode(SEQUENCE, ...parts);
export const derSet = (...parts: readonly Uint8Array[]): Buffer => derNode(SET, ...parts);
export const derOctets = (bytes: Uint8Array): Buffer => derNode(OCTET_STRING, bytes);
export const derNull = derNode(0x05);
export const derTrue = derNode(0x01, Buffer.of(0xff));

/** @param unused bits at the end */
export const derBits = (bytes: Uint8Array, unused = 0): Buffer => derNode(BIT_STRING, Buffer.of(unused), bytes);

/** `[number]`, constructed. */
export const derExplicit = (number: number, ...parts: readonly Uint8Array[]): Buffer => derNode(CONTEXT_0 + number, ...parts);

/** Not negative. */
export function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return bytes[0]! >= 0x80 ? derNode(0x02, Buffer.of(0), bytes) : derNode(0x02, bytes);
}

export function derIdentifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return derNode(OBJECT_IDENTIFIER, Uint8Array.from(bytes));
}

/** As Go chooses between them: a PrintableString where it can be one, else UTF-8. */
export const derText = (text: string): Buffer => derNode(/^[A-Za-z0-9 '()+,\-./:=?*&]*$/.test(text) ? 0x13 : 0x0c, Buffer.from(text));

/** Without fractions of a second. @param ms since 1970 */
export function derTime(ms: number): Buffer {
  const date = new Date(ms);
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050 ? derNode(0x17, Buffer.from(digits.slice(2))) : derNode(0x18, Buffer.from(digits));
}

export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.map((line) => `${line}\n`).join('')}-----END ${label}-----\n`;
}
