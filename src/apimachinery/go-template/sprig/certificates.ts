// sprig's functions that make keys and certificates. They are as good as others, and follow from the seed.
// DEVIATION: there are no DSA keys, and curves other than P-256 sign no certificates.
import { createECDH, createHash, createHmac, createPublicKey, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { plain } from '../print.ts';
import { childrenOf, DerError, objectIdentifier, readNode, type DerNode } from '../../x509/der.ts';
import {
  derBits,
  derExplicit,
  derIdentifier,
  derInteger,
  derNode,
  derNull,
  derOctets,
  derSequence,
  derSet,
  derText,
  derTime,
  derTrue,
  pem,
} from '../../x509/write-der.ts';
import { go, type TemplateFunctions } from '../signature.ts';
import { FunctionError } from '../template-error.ts';
import { isNilCollection, textOfBytes, typed, type GoType } from '../values.ts';
import { ecdsaKey, ed25519Key, inverse, keyText, number, P256_ORDER, readKey, rsaKey } from './private-keys.ts';
import type { SeededRandom } from './random.ts';

const CERTIFICATE: GoType = { name: 'sprig.certificate', kind: 'struct' };

interface Pair {
  readonly Cert: string;
  readonly Key: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const CERTIFICATE_KEY_BITS = 2048;
const PRIVATE_KEY_BITS = 4096;

/** @param random asked for at each call. @param nowMs milliseconds since 1970 */
export function certificateFunctions(random: () => SeededRandom, nowMs: number): TemplateFunctions {
  const newKey = (): string => rsaKey(random(), CERTIFICATE_KEY_BITS);
  const make = (order: Omit<Order, 'serial' | 'nowMs'>): object => {
    const made = certificate({ ...order, serial: number(random().bytes(16)), nowMs });
    return typed({ Cert: made, Key: keyText(order.key) }, CERTIFICATE);
  };
  const authority = (name: string, days: number, key: string): object =>
    make({ name, days, key: privateKey(key), ips: [], names: [], isAuthority: true });
  const leaf = (name: string, ips: readonly unknown[], names: readonly unknown[], days: number, key: string, issuer?: Pair): object =>
    make({
      name,
      days,
      ips: addresses(ips),
      names: dnsNames(names),
      key: privateKey(key),
      isAuthority: false,
      ...(issuer ? { issuer: issuerOf(issuer) } : {}),
    });
  const SUBJECT = 'string, []any, []any, int';
  return {
    genPrivateKey: go('(string) string', (type: string) => newPrivateKey(type, random())),
    genCA: go('(string, int) sprig.certificate', (name: string, days: number) => authority(name, days, newKey())),
    genCAWithKey: go('(string, int, string) sprig.certificate', authority),
    genSelfSignedCert: go(`(${SUBJECT}) sprig.certificate`, (name: string, ips: unknown[], names: unknown[], days: number) =>
      leaf(name, ips, names, days, newKey()),
    ),
    genSelfSignedCertWithKey: go(
      `(${SUBJECT}, string) sprig.certificate`,
      (name: string, ips: unknown[], names: unknown[], days: number, key: string) => leaf(name, ips, names, days, key),
    ),
    genSignedCert: go(
      `(${SUBJECT}, sprig.certificate) sprig.certificate`,
      (name: string, ips: unknown[], names: unknown[], days: number, ca: Pair) => leaf(name, ips, names, days, newKey(), ca),
    ),
    genSignedCertWithKey: go(
      `(${SUBJECT}, sprig.certificate, string) sprig.certificate`,
      (name: string, ips: unknown[], names: unknown[], days: number, ca: Pair, key: string) => leaf(name, ips, names, days, key, ca),
    ),
    buildCustomCert: go('(string, string) sprig.certificate', (cert: string, key: string) => {
      const Cert = textOfBytes(fromBase64(cert, 'certificate'));
      const Key = textOfBytes(fromBase64(key, 'private key'));
      parsedCertificate(Cert, 'decodedCert.Bytes');
      if (!readKey(Key)) throw new FunctionError('error parsing private key: no PEM data in input');
      return typed({ Cert, Key }, CERTIFICATE);
    }),
  };
}

function newPrivateKey(type: string, random: SeededRandom): string {
  switch (type) {
    case '':
    case 'rsa':
      return rsaKey(random, PRIVATE_KEY_BITS);
    case 'ecdsa':
      return ecdsaKey(random);
    case 'ed25519':
      return ed25519Key(random);
    case 'dsa':
      throw new FunctionError('DSA keys cannot be made here: use rsa, ecdsa or ed25519');
    default:
      return `Unknown type ${type}`;
  }
}

function fromBase64(text: string, what: string): Buffer {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text.replace(/[\r\n]/g, '')))
    throw new FunctionError(`unable to decode base64 ${what}`);
  return Buffer.from(text, 'base64');
}

function privateKey(text: string): KeyObject {
  const key = readKey(text);
  if (!key) throw new FunctionError('parsing private key: no PEM data in input');
  return key;
}

function addresses(ips: readonly unknown[]): readonly Buffer[] {
  return ips.map((ip) => {
    if (typeof ip !== 'string') throw new FunctionError(`error parsing ip: ${plain(ip)} is not a string`);
    if (isIP(ip) === 0) throw new FunctionError(`error parsing ip: ${ip}`);
    return isIP(ip) === 4 ? Buffer.from(ip.split('.').map(Number)) : ipv6Bytes(ip);
  });
}

function ipv6Bytes(ip: string): Buffer {
  // an IPv4 address at the end
  const text = ip.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: readonly string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail] = text.split('::');
  const words = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const missing = 8 - words(head).length - words(tail ?? '').length;
  const all = [...words(head), ...Array.from({ length: tail === undefined ? 0 : missing }, () => '0'), ...words(tail ?? '')];
  return Buffer.from(all.map((word) => word.padStart(4, '0')).join(''), 'hex');
}

function dnsNames(names: readonly unknown[]): readonly string[] {
  if (isNilCollection(names)) return [];
  return names.map((name) => {
    if (typeof name === 'string') return name;
    throw new FunctionError(`error processing alternate dns name: ${plain(name)} is not a string`);
  });
}

interface Issuer {
  /** Its subject, as DER. */
  readonly name: Uint8Array;
  readonly keyIdentifier: Uint8Array | undefined;
  readonly key: KeyObject;
}

function issuerOf({ Cert, Key }: Pair): Issuer {
  const { raw } = parsedCertificate(Cert, 'decodedSignerCert.Bytes');
  const key = readKey(Key);
  if (!key) throw new FunctionError('error parsing private key: no PEM data in input');
  const parts = childrenOf(childrenOf(readNode(raw))[0]!);
  // [0] version, serial, algorithm, issuer, validity, subject
  return { name: parts[5]!.whole, keyIdentifier: subjectKeyIdentifier(parts), key };
}

const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';

function subjectKeyIdentifier(parts: readonly DerNode[]): Uint8Array | undefined {
  const extensions = parts.find(({ tag }) => tag === 0xa3);
  for (const extension of extensions ? childrenOf(childrenOf(extensions)[0]!) : []) {
    const fields = childrenOf(extension);
    if (objectIdentifier(fields[0]) === SUBJECT_KEY_IDENTIFIER) return readNode(fields.at(-1)!.content).content;
  }
  return undefined;
}

function parsedCertificate(text: string, what: string): X509Certificate {
  if (!text.includes('-----BEGIN')) throw new FunctionError('unable to decode certificate');
  try {
    return new X509Certificate(text);
  } catch (error) {
    if (error instanceof DerError || (error instanceof Error && 'code' in error))
      throw new FunctionError(`error parsing certificate: ${what}: ${error.message}`);
    throw error;
  }
}

interface Order {
  readonly name: string;
  readonly ips: readonly Buffer[];
  readonly names: readonly string[];
  readonly days: number;
  readonly key: KeyObject;
  readonly isAuthority: boolean;
  readonly issuer?: Issuer;
  readonly serial: bigint;
  readonly nowMs: number;
}

/** As PEM: what Go's x509.CreateCertificate makes of sprig's template. */
function certificate(order: Order): string {
  const { name, days, key, issuer, serial, nowMs, isAuthority } = order;
  const subject = derSequence(derSet(derSequence(derIdentifier('2.5.4.3'), derText(name))));
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const keyIdentifier = createHash('sha256')
    .update(childrenOf(readNode(publicKey))[1]!.content.subarray(1))
    .digest()
    .subarray(0, 20);
  const signer = issuer?.key ?? key;
  const algorithm = signatureAlgorithm(signer);
  const usages = isAuthority ? derBits(Buffer.of(0xa4), 2) : derBits(Buffer.of(0xa0), 5);
  const names = [...order.names.map((dns) => derNode(0x82, Buffer.from(dns))), ...order.ips.map((ip) => derNode(0x87, ip))];
  const extensions = [
    extension('2.5.29.15', true, usages),
    extension('2.5.29.37', false, derSequence(derIdentifier('1.3.6.1.5.5.7.3.1'), derIdentifier('1.3.6.1.5.5.7.3.2'))),
    extension('2.5.29.19', true, isAuthority ? derSequence(derTrue) : derSequence()),
    ...(isAuthority ? [extension(SUBJECT_KEY_IDENTIFIER, false, derOctets(keyIdentifier))] : []),
    ...(issuer?.keyIdentifier ? [extension('2.5.29.35', false, derSequence(derNode(0x80, issuer.keyIdentifier)))] : []),
    ...(names.length > 0 ? [extension('2.5.29.17', false, derSequence(...names))] : []),
  ];
  const content = derSequence(
    derExplicit(0, derInteger(2n)),
    derInteger(serial),
    algorithm,
    issuer?.name ?? subject,
    derSequence(derTime(nowMs), derTime(nowMs + days * DAY_MS)),
    subject,
    publicKey,
    derExplicit(3, derSequence(...extensions)),
  );
  return pem('CERTIFICATE', derSequence(content, algorithm, derBits(signature(content, signer))));
}

const extension = (identifier: string, critical: boolean, value: Uint8Array): Buffer =>
  derSequence(derIdentifier(identifier), ...(critical ? [derTrue] : []), derOctets(value));

function signatureAlgorithm({ asymmetricKeyType }: KeyObject): Buffer {
  if (asymmetricKeyType === 'rsa') return derSequence(derIdentifier('1.2.840.113549.1.1.11'), derNull);
  return derSequence(derIdentifier(asymmetricKeyType === 'ec' ? '1.2.840.10045.4.3.2' : '1.3.101.112'));
}

function signature(content: Uint8Array, key: KeyObject): Buffer {
  if (key.asymmetricKeyType === 'ec') return ecdsaSignature(content, key);
  return sign(key.asymmetricKeyType === 'rsa' ? 'sha256' : null, content, key);
}

/** With a nonce that follows from key and content, as RFC 6979 wants it: the machine's is drawn. */
function ecdsaSignature(content: Uint8Array, key: KeyObject): Buffer {
  const { d, crv } = key.export({ format: 'jwk' });
  if (crv !== 'P-256' || d === undefined) throw new FunctionError('certificates are signed with keys of P-256, RSA or Ed25519 only');
  const secret = number(Buffer.from(d, 'base64url'));
  const hash = createHash('sha256').update(content).digest();
  const nonce = 1n + (number(createHmac('sha512', Buffer.from(d, 'base64url')).update(hash).digest()) % (P256_ORDER - 1n));
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(Buffer.from(nonce.toString(16).padStart(64, '0'), 'hex'));
  const r = number(curve.getPublicKey().subarray(1, 33)) % P256_ORDER;
  const s = (inverse(nonce, P256_ORDER) * (number(hash) + r * secret)) % P256_ORDER;
  return derSequence(derInteger(r), derInteger(s));
}
