// A request for a certificate (PKCS #10) as the API has it: PEM in base64. What it asks for, and whether whoever asks has the key. Follows
// ParseCSR of pkg/apis/certificates.
import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import {
  BIT_STRING,
  childrenOf,
  CONTEXT_0,
  DerError,
  expectTag,
  objectIdentifier,
  OCTET_STRING,
  readNode,
  SEQUENCE,
  SET,
  type DerNode,
} from './der.ts';

export class CertificateRequestError extends Error {
  override readonly name = 'CertificateRequestError';
}

export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Any other part of the subject. */
  readonly hasOtherSubject: boolean;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly publicKey: KeyObject;
}

const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const SUBJECT_ALT_NAME = '2.5.29.17';

/** Signature algorithm → its digest; null: the algorithm has its own. */
const DIGESTS: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
};

/** @param base64 Throws a {@link CertificateRequestError} where it is not one, or not signed with its own key */
export function parseCertificateRequest(base64: string): CertificateRequest {
  const match = /-----BEGIN ([^-]+)-----([\s\S]*?)-----END \1-----/.exec(Buffer.from(base64, 'base64').toString('latin1'));
  if (match?.[1] !== 'CERTIFICATE REQUEST') throw new CertificateRequestError('PEM block type must be CERTIFICATE REQUEST');
  // headers of the block end with an empty line
  const text = match[2]!.replace(/^(?:\s*[\w-]+:.*\n)+\s*\n/, '');
  try {
    return parse(Buffer.from(text, 'base64'));
  } catch (error) {
    if (error instanceof DerError) throw new CertificateRequestError(error.message, { cause: error });
    throw error;
  }
}

function parse(bytes: Uint8Array): CertificateRequest {
  const [info, algorithm, signature] = childrenOf(expectTag(readNode(bytes), SEQUENCE));
  const [, subject, keyInfo, attributes] = childrenOf(expectTag(info, SEQUENCE));
  const publicKey = keyOf(expectTag(keyInfo, SEQUENCE).whole);
  checkSignature(info!.whole, objectIdentifier(childrenOf(expectTag(algorithm, SEQUENCE))[0]), expectTag(signature, BIT_STRING), publicKey);
  return { ...subjectOf(expectTag(subject, SEQUENCE)), ...alternativeNames(attributes), publicKey };
}

function keyOf(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch (error) {
    throw new CertificateRequestError('x509: unknown public key algorithm', { cause: error });
  }
}

function checkSignature(signed: Uint8Array, algorithm: string, { content }: DerNode, key: KeyObject): void {
  const digest = DIGESTS[algorithm];
  if (digest === undefined) throw new CertificateRequestError('x509: cannot verify signature: algorithm unimplemented');
  // the first byte tells how many bits of the last are unused
  if (!verify(digest, signed, key, content.subarray(1)))
    throw new CertificateRequestError('x509: signature does not verify with its own key');
}

function subjectOf(subject: DerNode): Pick<CertificateRequest, 'commonName' | 'organizations' | 'hasOtherSubject'> {
  let commonName = '';
  let hasOtherSubject = false;
  const organizations: string[] = [];
  for (const set of childrenOf(subject))
    for (const pair of childrenOf(expectTag(set, SET))) {
      const [type, value] = childrenOf(expectTag(pair, SEQUENCE));
      const text = Buffer.from(value?.content ?? []).toString('utf8');
      const identifier = objectIdentifier(type);
      if (identifier === COMMON_NAME) commonName = text;
      else if (identifier === ORGANIZATION) organizations.push(text);
      else hasOtherSubject = true;
    }
  return { commonName, organizations, hasOtherSubject };
}

type AlternativeNames = Pick<CertificateRequest, 'dnsNames' | 'ipAddresses' | 'emailAddresses' | 'uris'>;

function alternativeNames(attributes: DerNode | undefined): AlternativeNames {
  const found = { dnsNames: [] as string[], ipAddresses: [] as string[], emailAddresses: [] as string[], uris: [] as string[] };
  if (attributes?.tag !== CONTEXT_0) return found;
  for (const attribute of childrenOf(attributes)) {
    const [type, values] = childrenOf(expectTag(attribute, SEQUENCE));
    if (objectIdentifier(type) !== EXTENSION_REQUEST) continue;
    for (const extension of childrenOf(expectTag(values, SET)).flatMap(childrenOf)) {
      const [name, ...rest] = childrenOf(extension);
      const value = rest.at(-1);
      if (objectIdentifier(name) === SUBJECT_ALT_NAME && value?.tag === OCTET_STRING) addNames(readNode(value.content), found);
    }
  }
  return found;
}

function addNames(names: DerNode, found: { readonly [K in keyof AlternativeNames]: string[] }): void {
  for (const { tag, content } of childrenOf(names)) {
    const text = Buffer.from(content).toString('latin1');
    if (tag === 0x81) found.emailAddresses.push(text);
    else if (tag === 0x82) found.dnsNames.push(text);
    else if (tag === 0x86) found.uris.push(text);
    else if (tag === 0x87) found.ipAddresses.push(addressText(content));
  }
}

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  return groups.join(':');
}
