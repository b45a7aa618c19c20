// Signs certificates for requests that came in through the API. The library that writes them is loaded when the first one is wanted.
import { createPrivateKey, webcrypto } from 'node:crypto';
import type * as X509 from '@peculiar/x509';
import type { Random } from '../random.ts';

/** As PEM; the key in PKCS #8, or in the older forms of RSA and elliptic curves. */
export interface AuthorityFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface CertificateOrder {
  /** PEM in base64, as the API has it. */
  readonly request: string;
  /** In the API's words: `client auth`. */
  readonly usages: readonly string[];
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Bits of RFC 5280's key usage. */
const KEY_USAGES: Readonly<Record<string, number>> = {
  signing: 1,
  'digital signature': 1,
  'content commitment': 2,
  'key encipherment': 4,
  'data encipherment': 8,
  'key agreement': 16,
  'cert sign': 32,
  'crl sign': 64,
  'encipher only': 128,
  'decipher only': 256,
};

const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
};

const KEY_USAGE = '2.5.29.15';
const SUBJECT_ALT_NAME = '2.5.29.17';
const SERIAL_BYTES = 16;
const TEN_YEARS_MS = 10 * 365 * 24 * 60 * 60 * 1000;
const CURVES: Readonly<Record<string, { readonly namedCurve: string; readonly hash: string }>> = {
  prime256v1: { namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { namedCurve: 'P-521', hash: 'SHA-512' },
};

interface Loaded {
  readonly certificate: X509.X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

export class CertificateAuthority {
  private readonly files: AuthorityFiles | undefined;
  private readonly random: Random;
  private loading: Promise<Loaded> | undefined;

  /** @param files absent: an authority of its own is made when it is first needed, and forgotten */
  constructor(files: AuthorityFiles | undefined, random: Random) {
    this.files = files;
    this.random = random;
  }

  /** @returns the certificate as PEM in base64. @param now milliseconds since 1970 */
  async sign(order: CertificateOrder, now: number): Promise<string> {
    const x509 = await library();
    const { certificate: issuer, key } = await (this.loading ??= this.files ? load(x509, this.files) : this.makeOwn(x509, now));
    const request = new x509.Pkcs10CertificateRequest(Buffer.from(order.request, 'base64').toString('latin1'));
    const names = request.getExtension(SUBJECT_ALT_NAME);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: this.serial(),
      subject: request.subjectName,
      issuer: issuer.subjectName,
      notBefore: new Date(order.notBefore),
      notAfter: new Date(Math.min(order.notAfter, issuer.notAfter.getTime())),
      publicKey: request.publicKey,
      signingKey: key,
      signingAlgorithm: signatureOf(key),
      extensions: [
        ...usageExtensions(x509, order.usages),
        new x509.BasicConstraintsExtension(false, undefined, true),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
        ...(names ? [names] : []),
      ],
    });
    return Buffer.from(`${certificate.toString('pem')}\n`).toString('base64');
  }

  /** Positive, as numbers of certificates must be. */
  private serial(): string {
    const bytes = this.random.bytes(SERIAL_BYTES);
    bytes[0] = (bytes[0]! & 0x7f) | 0x40;
    return Buffer.from(bytes).toString('hex');
  }

  private async makeOwn(x509: typeof X509, now: number): Promise<Loaded> {
    const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: this.serial(),
      name: 'CN=kubernetes',
      notBefore: new Date(now),
      notAfter: new Date(now + TEN_YEARS_MS),
      keys,
      signingAlgorithm: signatureOf(keys.privateKey),
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        ...usageExtensions(x509, ['cert sign', 'digital signature']),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return { certificate, key: keys.privateKey };
  }
}

async function library(): Promise<typeof X509> {
  // the library's registry wants it first
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

async function load(x509: typeof X509, { certificate, privateKey }: AuthorityFiles): Promise<Loaded> {
  const node = createPrivateKey(privateKey);
  const curve = CURVES[node.asymmetricKeyDetails?.namedCurve ?? ''];
  const algorithm =
    node.asymmetricKeyType === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : { name: 'ECDSA', namedCurve: curve?.namedCurve ?? 'P-256' };
  const pkcs8 = node.export({ type: 'pkcs8', format: 'der' });
  const key = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  return { certificate: new x509.X509Certificate(certificate), key };
}

function signatureOf({ algorithm }: webcrypto.CryptoKey): { readonly name: string; readonly hash: string } {
  const curve = 'namedCurve' in algorithm ? String(algorithm.namedCurve) : '';
  const hash = Object.values(CURVES).find(({ namedCurve }) => namedCurve === curve)?.hash ?? 'SHA-256';
  return { name: algorithm.name, hash };
}

/** As DER: the lowest of nine bits comes first. */
function bitString(bits: number): Uint8Array<ArrayBuffer> {
  let reversed = 0;
  for (let i = 0; i < 16; i++) if (bits & (1 << i)) reversed |= 1 << (15 - i);
  const bytes = reversed & 0xff ? [reversed >> 8, reversed & 0xff] : [reversed >> 8];
  const last = bytes.at(-1)!;
  const unused = 31 - Math.clz32(last & -last);
  return Uint8Array.from([0x03, bytes.length + 1, unused, ...bytes]);
}

function usageExtensions(x509: typeof X509, usages: readonly string[]): X509.Extension[] {
  const bits = usages.reduce((sum, usage) => sum | (KEY_USAGES[usage] ?? 0), 0);
  const extended = usages.flatMap((usage) => EXTENDED_USAGES[usage] ?? []);
  return [
    ...(bits ? [new x509.Extension(KEY_USAGE, true, bitString(bits))] : []),
    ...(extended.length ? [new x509.ExtendedKeyUsageExtension([...new Set(extended)], false)] : []),
  ];
}
