// Literals of CEL: numbers and quoted texts. Follows parser/unescape.go of cel-go.
import { Uint } from './values.ts';

const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);
const MAX_UINT = 2n ** 64n - 1n;

/** Undefined where it does not fit. */
export function intLiteral(text: string, negative: boolean): bigint | undefined {
  const value = negative ? -BigInt(text) : BigInt(text);
  return value > MAX_INT || value < MIN_INT ? undefined : value;
}

export function uintLiteral(text: string): Uint | undefined {
  const value = BigInt(text.slice(0, -1));
  return value > MAX_UINT ? undefined : new Uint(value);
}

const SIMPLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** The text between the quotes, escapes resolved. Undefined where an escape means no character. */
export function stringLiteral(token: string): string | undefined {
  const { raw, body } = unquoted(token);
  if (raw) return body;
  let valid = true;
  const text = body.replace(/\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([^]))/g, (_, ...groups) => {
    const [x, u, long, octal, other] = groups as (string | undefined)[];
    if (other !== undefined) return SIMPLE[other] ?? other;
    const code = octal === undefined ? parseInt((x ?? u ?? long)!, 16) : parseInt(octal, 8);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      valid = false;
      return '';
    }
    return String.fromCodePoint(code);
  });
  return valid ? text : undefined;
}

/** Of bytes, `\x` and octal escapes are single bytes; everything else is UTF-8. */
export function bytesLiteral(token: string): Uint8Array {
  const { raw, body } = unquoted(token.slice(1));
  if (raw) return Buffer.from(body);
  const parts: Buffer[] = [];
  const escapes = /\\(?:[xX]([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))|([^\\]+)/g;
  for (const [, x, octal, u, long, other, plain] of body.matchAll(escapes)) {
    if (x !== undefined) parts.push(Buffer.from([parseInt(x, 16)]));
    else if (octal !== undefined) parts.push(Buffer.from([parseInt(octal, 8)]));
    else if (u !== undefined || long !== undefined) parts.push(Buffer.from(String.fromCodePoint(parseInt((u ?? long)!, 16))));
    else parts.push(Buffer.from(other === undefined ? plain! : (SIMPLE[other] ?? other)));
  }
  return Buffer.concat(parts);
}

function unquoted(token: string): { readonly raw: boolean; readonly body: string } {
  const raw = /^[rR]/.test(token);
  const quoted = (raw ? token.slice(1) : token).replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  const quotes = /^(?:"""|''')/.test(quoted) ? 3 : 1;
  return { raw, body: quoted.slice(quotes, -quotes) };
}
