// CertificateSigningRequests: what may be asked for, and how their status goes. Follows pkg/apis/certificates/validation.
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '#api/certificates/v1';
import { X509Certificate } from 'node:crypto';
import { deepEqual } from '../../../apimachinery/object.ts';
import { CertificateRequestError, parseCertificateRequest } from '../../../apimachinery/x509/certificate-request.ts';
import {
  duplicate,
  forbidden,
  invalid,
  notSupported,
  Path,
  required,
  tooLong,
  type FieldError,
} from '../../../apimachinery/validation/field-error.ts';
import { isDNS1123Label, isDNS1123Subdomain, type NameRule } from '../../../apimachinery/validation/names.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate } from './object-meta.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const CONDITIONS = Path.of('status', 'conditions');
const CERTIFICATE = Path.of('status', 'certificate');

export const APPROVED = 'Approved';
export const DENIED = 'Denied';
export const FAILED = 'Failed';

const MIN_SECONDS = 600;
const MAX_DOMAIN = 253;
const MAX_SIGNER_NAME = 253 + 1 + 253 + 63 + 1;
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';

/** What keys may be used for. */
export const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

/** They may be called anything. */
const anyName: NameRule = () => [];

export function validateCertificateSigningRequest(csr: CertificateSigningRequest): FieldError[] {
  return [...validateCoreObjectMeta(csr.metadata, false, anyName, METADATA), ...validateSpec(csr), ...validateStatus(csr, undefined)];
}

/** @param mayChange what the endpoint is for */
export function validateCertificateSigningRequestUpdate(
  csr: CertificateSigningRequest,
  old: CertificateSigningRequest,
  mayChange: 'neither' | 'approval' | 'certificate',
): FieldError[] {
  const errors = [
    ...validateCoreObjectMeta(csr.metadata, false, anyName, METADATA),
    // the spec is the old one, whatever came with the request
    ...validateStatus(csr, old),
    ...validateCoreObjectMetaUpdate(csr.metadata, old.metadata, METADATA),
  ];
  for (const type of [APPROVED, DENIED, FAILED])
    if (ofType(csr, type).length < ofType(old, type).length)
      errors.push(forbidden(CONDITIONS, `updates may not remove a condition of type "${type}"`));
  if (mayChange !== 'approval')
    for (const type of [APPROVED, DENIED]) {
      const [now, before] = [ofType(csr, type), ofType(old, type)];
      if (now.length > before.length) errors.push(forbidden(CONDITIONS, `updates may not add a condition of type "${type}"`));
      else if (now.length === before.length && !deepEqual(now, before))
        errors.push(forbidden(CONDITIONS, `updates may not modify a condition of type "${type}"`));
    }
  if ((csr.status?.certificate ?? '') !== (old.status?.certificate ?? '')) {
    if (mayChange !== 'certificate') errors.push(forbidden(CERTIFICATE, 'updates may not set certificate content'));
    else if (old.status?.certificate) errors.push(forbidden(CERTIFICATE, 'updates may not modify existing certificate content'));
  }
  return errors;
}

export const ofType = ({ status }: CertificateSigningRequest, type: string): readonly CertificateSigningRequestCondition[] =>
  (status?.conditions ?? []).filter((condition) => condition.type === type);

function validateSpec({ spec }: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = [];
  const { usages = [], signerName, expirationSeconds } = spec;
  // bytes that were not given are null
  const request = spec.request as string | null | undefined;
  const wrong = requestFault(request ?? '');
  if (wrong) errors.push(invalid(SPEC.child('request'), request ?? null, wrong));
  const at = SPEC.child('usages');
  if (usages.length === 0) errors.push(required(at));
  usages.forEach((usage, i) => {
    if (!USAGES.includes(usage)) errors.push(notSupported(at.index(i), usage, USAGES));
  });
  usages.forEach((usage, i) => {
    if (usages.indexOf(usage) < i) errors.push(duplicate(at.index(i), usage));
  });
  if (signerName === LEGACY_SIGNER)
    errors.push(invalid(SPEC.child('signerName'), signerName, 'the legacy signerName is not allowed via this API version'));
  else errors.push(...validateSignerName(signerName, SPEC.child('signerName')));
  if (expirationSeconds !== undefined && expirationSeconds < MIN_SECONDS) {
    const why = 'may not specify a duration less than 600 seconds (10 minutes)';
    errors.push(invalid(SPEC.child('expirationSeconds'), expirationSeconds, why));
  }
  return errors;
}

function requestFault(request: string): string | undefined {
  try {
    parseCertificateRequest(request);
    return undefined;
  } catch (error) {
    if (error instanceof CertificateRequestError) return error.message;
    throw error;
  }
}

function validateSignerName(name: string, field: Path): FieldError[] {
  if (name === '') return [required(field)];
  const [domain = '', path, ...more] = name.split('/');
  if (path === undefined || more.length)
    return [invalid(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  const errors: FieldError[] = [];
  if (domain.length > MAX_DOMAIN) errors.push(tooLong(field, MAX_DOMAIN));
  const labels = domain.split('.');
  errors.push(...wrongLabel(labels, domain, isDNS1123Label, field));
  if (labels.length < 2) errors.push(invalid(field, domain, 'should be a domain with at least two segments separated by dots'));
  errors.push(...wrongLabel(path.split('.'), path, isDNS1123Subdomain, field));
  if (name.length > MAX_SIGNER_NAME) errors.push(tooLong(field, MAX_SIGNER_NAME));
  return errors;
}

/** Of the first label that is wrong: nobody could tell the others apart. */
function wrongLabel(labels: readonly string[], whole: string, rule: (label: string) => string[], field: Path): FieldError[] {
  const found = labels.find((label) => rule(label).length > 0);
  if (found === undefined) return [];
  return rule(found).map((wrong) => invalid(field, whole, `validating label "${found}": ${wrong}`));
}

function validateStatus(csr: CertificateSigningRequest, old: CertificateSigningRequest | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const conditions = csr.status?.conditions ?? [];
  const seen = new Set<string>();
  conditions.forEach(({ type, status }, i) => {
    const at = CONDITIONS.index(i);
    if (type === '') errors.push(required(at.child('type')));
    if (status === '') errors.push(required(at.child('status')));
    else if ([APPROVED, DENIED, FAILED].includes(type) && status !== 'True')
      errors.push(notSupported(at.child('status'), status, ['True']));
    else if (!['True', 'False', 'Unknown'].includes(status))
      errors.push(notSupported(at.child('status'), status, ['False', 'True', 'Unknown']));
    const other = type === APPROVED ? DENIED : type === DENIED ? APPROVED : '';
    if (other && seen.has(other)) errors.push(invalid(at.child('type'), type, 'Approved and Denied conditions are mutually exclusive'));
    if (seen.has(type)) errors.push(duplicate(at.child('type'), type));
    seen.add(type);
  });
  const certificate = csr.status?.certificate ?? '';
  const wrong = certificate && certificate !== old?.status?.certificate ? certificateFault(certificate) : undefined;
  if (wrong) errors.push(invalid(CERTIFICATE, '<certificate data>', wrong));
  return errors;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

/** @param base64 one certificate or several, as PEM */
function certificateFault(base64: string): string | undefined {
  const text = Buffer.from(base64, 'base64').toString('latin1');
  const blocks = [...text.matchAll(/-----BEGIN ([^-]+)-----[\s\S]*?-----END \1-----/g)];
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const [block, type] of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found "${type}"`;
    if (!isCertificate(block)) return 'x509: malformed certificate';
  }
  return undefined;
}
