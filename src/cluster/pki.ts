// The certificates of a served cluster: its own authority, the API server's certificate, the administrator's, and the key that signs
// tokens of ServiceAccounts. Made once, kept with the cluster in files that only their owner may read, renewed when they come near their end.
import type { webcrypto } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type * as X509 from '@peculiar/x509';
import { writePrivateFile } from '../client/private-file.ts';

/** PEM. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

export interface ClusterCertificates {
  readonly authority: KeyPair;
  readonly server: KeyPair;
  readonly admin: KeyPair;
  /** Signs the certificate by which servers of aggregated APIs know the API server, and nothing else. */
  readonly frontProxyAuthority: KeyPair;
  readonly frontProxyClient: KeyPair;
  /** PEM: signs tokens of ServiceAccounts. */
  readonly serviceAccountKey: string;
}

export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usage: 'server' | 'client';
}

const DAY_MS = 24 * 3_600_000;
const AUTHORITY_DAYS = 3650;
const LEAF_DAYS = 365;
/** A certificate that ends sooner is made anew. */
const RENEW_BEFORE_MS = 30 * DAY_MS;
/** Clocks of other machines may be behind. */
const BACKDATE_MS = 5 * 60_000;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Names under which the API server is reached, from outside and from within the cluster. */
const SERVER_NAMES = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
] as const;

async function library(): Promise<typeof X509> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

const pem = (label: string, der: ArrayBuffer): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString('base64')
    .replace(/(.{64})(?!$)/g, '$1\n')}\n-----END ${label}-----\n`;

async function newKeys(): Promise<{ readonly keys: webcrypto.CryptoKeyPair; readonly key: string }> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  return { keys, key: pem('PRIVATE KEY', await crypto.subtle.exportKey('pkcs8', keys.privateKey)) };
}

const readKey = (text: string): Promise<webcrypto.CryptoKey> =>
  crypto.subtle.importKey('pkcs8', Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64'), ALGORITHM, true, ['sign']);

const serial = (): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(15)))
    .toString('hex')
    .replace(/^./, '4');

/** @param nowMs of the world's clock, milliseconds since 1970 */
export async function createAuthority(commonName: string, nowMs: number): Promise<KeyPair> {
  const x509 = await library();
  const { keys, key } = await newKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [commonName] }],
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + AUTHORITY_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key, cert: `${cert.toString('pem')}\n` };
}

export async function issueCertificate(authority: KeyPair, request: CertificateRequest, nowMs: number): Promise<KeyPair> {
  const x509 = await library();
  const { keys, key } = await newKeys();
  const issuer = new x509.X509Certificate(authority.cert);
  const { commonName, organizations = [], dnsNames = [], ipAddresses = [], usage } = request;
  const names = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [...organizations.map((o) => ({ O: [o] })), { CN: [commonName] }],
    issuer: issuer.subject,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + LEAF_DAYS * DAY_MS),
    signingKey: await readKey(authority.key),
    publicKey: keys.publicKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage === 'server' ? 'serverAuth' : 'clientAuth']]),
      new x509.BasicConstraintsExtension(false, undefined, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(names.length ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return { key, cert: `${cert.toString('pem')}\n` };
}

/**
 * Reads the certificates in a directory, and makes those that are missing or near their end. A new authority makes all others new.
 * @param addresses of the API server besides loopback: its Service's
 */
export async function clusterCertificates(directory: string, nowMs: number, addresses: readonly string[]): Promise<ClusterCertificates> {
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
  const main = await authorityIn(directory, 'ca', 'kubernetes-ca', nowMs);
  const frontProxy = await authorityIn(directory, 'front-proxy-ca', 'front-proxy-ca', nowMs);
  const pair = async (name: string, request: CertificateRequest, { fresh, authority } = main): Promise<KeyPair> =>
    (fresh ? undefined : await readPair(directory, name, nowMs)) ??
    keepPair(directory, name, await issueCertificate(authority, request, nowMs));
  const server = await pair('apiserver', {
    commonName: 'kube-apiserver',
    dnsNames: SERVER_NAMES,
    ipAddresses: ['127.0.0.1', '::1', ...addresses],
    usage: 'server',
  });
  const admin = await pair('admin', { commonName: 'kubernetes-admin', organizations: ['system:masters'], usage: 'client' });
  const signing = path.join(directory, 'sa.key');
  const serviceAccountKey = read(signing) ?? keep(signing, (await newKeys()).key);
  const frontProxyClient = await pair('front-proxy-client', { commonName: 'front-proxy-client', usage: 'client' }, frontProxy);
  return { authority: main.authority, server, admin, frontProxyAuthority: frontProxy.authority, frontProxyClient, serviceAccountKey };
}

async function authorityIn(
  directory: string,
  name: string,
  commonName: string,
  nowMs: number,
): Promise<{ readonly authority: KeyPair; readonly fresh: boolean }> {
  const known = await readPair(directory, name, nowMs);
  if (known) return { authority: known, fresh: false };
  return { authority: keepPair(directory, name, await createAuthority(commonName, nowMs)), fresh: true };
}

async function readPair(directory: string, name: string, nowMs: number): Promise<KeyPair | undefined> {
  const [cert, key] = [read(path.join(directory, `${name}.crt`)), read(path.join(directory, `${name}.key`))];
  if (cert === undefined || key === undefined) return undefined;
  // Node reads certificates too, and faster than the library is loaded
  const { X509Certificate } = await import('node:crypto');
  return Date.parse(new X509Certificate(cert).validTo) > nowMs + RENEW_BEFORE_MS ? { cert, key } : undefined;
}

function keepPair(directory: string, name: string, pair: KeyPair): KeyPair {
  keep(path.join(directory, `${name}.key`), pair.key);
  keep(path.join(directory, `${name}.crt`), pair.cert);
  return pair;
}

function read(file: string): string | undefined {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
}

function keep(file: string, text: string): string {
  writePrivateFile(file, text);
  return text;
}
