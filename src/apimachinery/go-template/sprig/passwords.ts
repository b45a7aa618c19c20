// sprig's functions that make passwords of others, and that encrypt.
import { createCipheriv, createDecipheriv, createHmac, scryptSync } from 'node:crypto';
import { go, type TemplateFunctions } from '../signature.ts';
import { FunctionError } from '../template-error.ts';
import { bytesOf, textOfBytes } from '../values.ts';
import { bcryptHash, MAX_PASSWORD_BYTES } from './bcrypt.ts';
import type { SeededRandom } from './random.ts';

/** @param random asked for at each call */
export function passwordFunctions(random: () => SeededRandom): TemplateFunctions {
  const bcrypt = (password: string): string => {
    const bytes = bytesOf(password);
    if (bytes.length > MAX_PASSWORD_BYTES)
      return `failed to encrypt string with bcrypt: bcrypt: password length exceeds ${MAX_PASSWORD_BYTES} bytes`;
    return bcryptHash(bytes, random().bytes(16));
  };
  return {
    bcrypt: go('(string) string', bcrypt),
    htpasswd: go('(string, string) string', (user: string, password: string) =>
      user.includes(':') ? `invalid username: ${user}` : `${user}:${bcrypt(password)}`,
    ),
    derivePassword: go('(uint32, string, string, string, string) string', derived),
    encryptAES: go('(string, string) string', (password: string, text: string) => {
      if (text === '') return '';
      const iv = random().bytes(16);
      const cipher = createCipheriv('aes-256-cbc', aesKey(password), iv);
      return Buffer.concat([iv, cipher.update(bytesOf(text)), cipher.final()]).toString('base64');
    }),
    decryptAES: go('(string, string) string', (password: string, encrypted: string) => {
      if (encrypted === '') return '';
      const bytes = Buffer.from(encrypted, 'base64');
      if (bytes.length < 32 || bytes.length % 16 !== 0) throw new FunctionError('crypto/cipher: input not full blocks');
      const decipher = createDecipheriv('aes-256-cbc', aesKey(password), bytes.subarray(0, 16)).setAutoPadding(false);
      const text = Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]);
      const padding = text.at(-1) ?? 0;
      if (padding > text.length) throw new FunctionError(`runtime error: slice bounds out of range [:${text.length - padding}]`);
      return textOfBytes(text.subarray(0, text.length - padding));
    }),
  };
}

function aesKey(password: string): Buffer {
  const key = Buffer.alloc(32);
  bytesOf(password).copy(key);
  return key;
}

const SEED = 'com.lyndir.masterpassword';

/** Each letter stands for a class of characters. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  maximum: ['anoxxxxxxxxxxxxxxxxx', 'axxxxxxxxxxxxxxxxxno'],
  long: (
    'CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv CvccCvcvCvcvno CvcvnoCvccCvcv CvcvCvccnoCvcv ' +
    'CvcvCvccCvcvno CvcvnoCvcvCvcc CvcvCvcvnoCvcc CvcvCvcvCvccno CvccnoCvccCvcv CvccCvccnoCvcv CvccCvccCvcvno CvcvnoCvccCvcc ' +
    'CvcvCvccnoCvcc CvcvCvccCvccno CvccnoCvcvCvcc CvccCvcvnoCvcc CvccCvcvCvccno'
  ).split(' '),
  medium: ['CvcnoCvc', 'CvcCvcno'],
  short: ['Cvcn'],
  basic: ['aaanaaan', 'aannaaan', 'aaannaaa'],
  pin: ['nnnn'],
};

const CLASSES: Readonly<Record<string, string>> = {
  V: 'AEIOU',
  C: 'BCDFGHJKLMNPQRSTVWXYZ',
  v: 'aeiou',
  c: 'bcdfghjklmnpqrstvwxyz',
  A: 'AEIOUBCDFGHJKLMNPQRSTVWXYZ',
  a: 'AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz',
  n: '0123456789',
  o: "@&%?,=[]_:-+*$#!'^~;()/.",
  x: 'AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()',
};

const SCRYPT = { N: 32768, r: 8, p: 2, maxmem: 64 * 1024 * 1024 };

/** The Master Password algorithm, as sprig has it. */
function derived(counter: number, type: string, password: string, user: string, site: string): string {
  const templates = Object.hasOwn(TEMPLATES, type) ? TEMPLATES[type]! : undefined;
  if (!templates) return `cannot find password template ${type}`;
  const salted = (text: string): Buffer => Buffer.concat([Buffer.from(SEED), uint32(bytesOf(text).length), bytesOf(text)]);
  const key = scryptSync(bytesOf(password), salted(user), 64, SCRYPT);
  const seed = createHmac('sha256', key)
    .update(Buffer.concat([salted(site), uint32(counter)]))
    .digest();
  const template = templates[seed[0]! % templates.length]!;
  return Array.from(template, (letter, i) => {
    const characters = CLASSES[letter]!;
    return characters[seed[i + 1]! % characters.length]!;
  }).join('');
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
