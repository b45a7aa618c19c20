// Requests for certificates from asking to having one, and when they go.
import type { CertificateSigningRequest } from '#api/certificates/v1';
import { createPublicKey, generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Manifest } from '../../../src/apimachinery/object.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { CertificateAuthority } from '../../../src/apimachinery/x509/certificate-authority.ts';
import { parseCertificateRequest } from '../../../src/apimachinery/x509/certificate-request.ts';
import { isOver } from '../../../src/cluster/controllers/certificates/cleaner.ts';
import { signerFault } from '../../../src/cluster/controllers/certificates/signers.ts';
import { validity } from '../../../src/cluster/controllers/certificates/signing.ts';
import { startedCluster, stored } from './harness.ts';

// the library's registry wants it first
await import('reflect-metadata');
const { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } = await import('@peculiar/x509');

const KIND = 'certificates.k8s.io/v1/CertificateSigningRequest';
const HOUR_MS = 60 * 60 * 1000;

async function requestFor(name: string, dns: readonly string[] = []): Promise<string> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name,
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: dns.length ? [new SubjectAlternativeNameExtension(dns.map((value) => ({ type: 'dns', value })))] : [],
  });
  return Buffer.from(request.toString('pem')).toString('base64');
}

const csr = (name: string, spec: CertificateSigningRequest['spec']): Manifest<CertificateSigningRequest> => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name },
  spec,
});

const NODE = 'CN=system:node:node-9,O=system:nodes';
const KUBELET = { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['digital signature', 'client auth'] };

test('what a kubelet asks for is approved and signed by itself', async () => {
  const cluster = await startedCluster(0);
  const { client, clock } = cluster;
  await client.create(KIND, csr('node', { ...KUBELET, request: await requestFor(NODE), expirationSeconds: 3600 }));
  await clock.settle();
  const { status } = await client.get(KIND, 'node');
  expect(status?.conditions?.map(({ type, reason }) => [type, reason])).toEqual([['Approved', 'AutoApproved']]);
  const certificate = new X509Certificate(Buffer.from(status?.certificate ?? '', 'base64'));
  expect(certificate.subject).toBe('CN=system:node:node-9\nO=system:nodes');
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(Date.parse(certificate.validTo)).toBe(clock.now() - (clock.now() % 1000) + HOUR_MS);
  await cluster.stop();
});

test('what a person asks for waits until somebody approves it', async () => {
  const cluster = await startedCluster(0);
  const { client, clock } = cluster;
  const spec = { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], request: await requestFor('CN=jane') };
  const made = await client.create(KIND, csr('jane', spec));
  await clock.settle();
  expect((await client.get(KIND, 'jane')).status).toEqual({});
  const conditions = [{ type: 'Approved', status: 'True', reason: 'ByHand' }];
  await client.update(KIND, { ...made, status: { conditions } }, { subresource: 'approval' });
  await clock.settle();
  expect((await client.get(KIND, 'jane')).status?.certificate).toBeTruthy();
  await cluster.stop();
});

test('approved, but not to be signed: it fails, and says why', async () => {
  const cluster = await startedCluster(0);
  const { client, clock } = cluster;
  const spec = { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['server auth'], request: await requestFor('CN=jane') };
  const made = await client.create(KIND, csr('jane', spec));
  const conditions = [{ type: 'Approved', status: 'True' }];
  await client.update(KIND, { ...made, status: { conditions } }, { subresource: 'approval' });
  await clock.settle();
  const { status } = await client.get(KIND, 'jane');
  expect(status?.conditions?.map(({ type, reason }) => [type, reason])).toEqual([
    ['Approved', undefined],
    ['Failed', 'SignerValidationFailure'],
  ]);
  await cluster.stop();
});

test('an authority that is given signs with its own name, for names and usages that are asked for', async () => {
  const random = new Random(1);
  const now = Date.UTC(2026, 0, 1);
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const privateKey = key.export({ type: 'pkcs1', format: 'pem' }).toString();
  const own = new CertificateAuthority(undefined, random);
  const order = { usages: ['server auth', 'digital signature', 'key encipherment'], notBefore: now, notAfter: now + HOUR_MS };
  // an authority is nothing but a certificate with its key
  const issuer = Buffer.from(await own.sign({ ...order, request: await requestFor('CN=other'), usages: ['cert sign'] }, now), 'base64');
  const given = new CertificateAuthority({ certificate: issuer.toString(), privateKey }, random);
  const signed = new X509Certificate(
    Buffer.from(await given.sign({ ...order, request: await requestFor('CN=web', ['a.test']) }, now), 'base64'),
  );
  expect([signed.issuer, signed.subject, signed.subjectAltName]).toEqual(['CN=other', 'CN=web', 'DNS:a.test']);
  expect(signed.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(signed.verify(createPublicKey(privateKey))).toBe(true);
});

test('what a request asks for is read as it was written', async () => {
  const { commonName, organizations, dnsNames } = parseCertificateRequest(await requestFor(NODE, ['a.test', 'b.test']));
  expect([commonName, organizations, dnsNames]).toEqual(['system:node:node-9', ['system:nodes'], ['a.test', 'b.test']]);
});

test('a request that was tampered with is none', async () => {
  const pem = Buffer.from(await requestFor('CN=jane'), 'base64').toString();
  const [head = '', body = '', ...rest] = pem.split('\n');
  const bytes = Buffer.from(body, 'base64');
  bytes[bytes.indexOf('jane')] = 'k'.charCodeAt(0);
  const tampered = Buffer.from([head, bytes.toString('base64'), ...rest].join('\n')).toString('base64');
  expect(() => parseCertificateRequest(tampered)).toThrow('x509: signature does not verify with its own key');
});

test.each<[string, string, readonly string[], Partial<CertificateSigningRequest['spec']>, string | undefined]>([
  ['a kubelet client', NODE, [], KUBELET, undefined],
  ['of another organization', 'CN=system:node:a,O=devs', [], KUBELET, 'subject organization is not system:nodes'],
  ['of another name', 'CN=jane,O=system:nodes', [], KUBELET, 'subject common name does not begin with system:node:'],
  ['with names', NODE, ['a.test'], KUBELET, 'DNS subjectAltNames are not allowed'],
  [
    'for serving, without names',
    NODE,
    [],
    { signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] },
    'DNS or IP subjectAltName is required',
  ],
])('%s', async (_, name, dns, spec, expected) => {
  const request = stored<CertificateSigningRequest>({ metadata: { name: 'x' }, spec: { request: await requestFor(name, dns), ...spec } });
  expect(signerFault(request)).toBe(expected);
});

test.each<[string, number | undefined, number]>([
  ['a year', undefined, 365 * 24 * HOUR_MS - 5 * 60_000],
  ['what is asked for', 3600, HOUR_MS],
  ['ten minutes at least', 60, 10 * 60_000],
  ['a year at most', 10 ** 9, 365 * 24 * HOUR_MS - 5 * 60_000],
])('certificates are valid for %s', (_, seconds, expectedMs) => {
  expect(validity(seconds, 0)).toEqual({ notBefore: -5 * 60_000, notAfter: expectedMs });
});

const at = (ms: number): string => new Date(ms).toISOString().replace('.000', '');

test.each<[string, object, number, boolean]>([
  ['nobody has looked at it', {}, 23 * HOUR_MS, false],
  ['nobody has looked at it for a day', {}, 25 * HOUR_MS, true],
  ['it was denied', { conditions: [{ type: 'Denied', status: 'True', lastUpdateTime: at(0) }] }, 2 * HOUR_MS, true],
  ['it was denied a moment ago', { conditions: [{ type: 'Denied', status: 'True', lastUpdateTime: at(0) }] }, HOUR_MS / 2, false],
  ['it was approved, and nobody signs', { conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: at(0) }] }, 2 * HOUR_MS, false],
  [
    'it was approved and signed',
    { certificate: 'eA==', conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: at(0) }] },
    2 * HOUR_MS,
    true,
  ],
])('a request goes when %s', (_, status, now, expected) => {
  const request = stored<CertificateSigningRequest>({ metadata: { name: 'x', creationTimestamp: at(0) }, status });
  expect(isOver(request, now)).toBe(expected);
});
