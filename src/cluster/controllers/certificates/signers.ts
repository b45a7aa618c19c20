// What Kubernetes' own signers sign: each knows which usages and subjects a request may have. Follows pkg/apis/certificates' helpers and
// pkg/controller/certificates/signer.
import type { CertificateSigningRequest } from '#api/certificates/v1';
import {
  CertificateRequestError,
  parseCertificateRequest,
  type CertificateRequest,
} from '../../../apimachinery/x509/certificate-request.ts';

export const REQUESTS = 'certificates.k8s.io/v1/CertificateSigningRequest';

export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';
export const KUBELET_CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
export const KUBELET_SERVING_SIGNER = 'kubernetes.io/kubelet-serving';
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';

const NODES = 'system:nodes';
const NODE_PREFIX = 'system:node:';

type Rule = (request: CertificateRequest, csr: CertificateSigningRequest) => string | undefined;

/** By signer: what is wrong with a request; undefined where nothing is. */
const RULES: Readonly<Record<string, Rule>> = {
  [CLIENT_SIGNER]: (_, { spec: { usages = [] } }) => {
    const allowed = ['digital signature', 'key encipherment', 'client auth'];
    const fits = usages.includes('client auth') && usages.every((usage) => allowed.includes(usage));
    return fits ? undefined : `usages did not match ${JSON.stringify(allowed)}`;
  },
  [KUBELET_CLIENT_SIGNER]: kubeletClientFault,
  [KUBELET_SERVING_SIGNER]: kubeletServingFault,
  [LEGACY_SIGNER]: () => undefined,
};

export const isOwnSigner = (signerName: string): boolean => Object.hasOwn(RULES, signerName);

/** What is wrong with a request to one of these signers. */
export function signerFault(csr: CertificateSigningRequest): string | undefined {
  try {
    return RULES[csr.spec.signerName]?.(parseCertificateRequest(csr.spec.request), csr);
  } catch (error) {
    if (error instanceof CertificateRequestError) return `unable to parse csr ${JSON.stringify(csr.metadata.name)}: ${error.message}`;
    throw error;
  }
}

const isNode = ({ organizations }: CertificateRequest): boolean => organizations.length === 1 && organizations[0] === NODES;

/** Exactly these, key encipherment besides or not. */
function usesOnly({ spec: { usages = [] } }: CertificateSigningRequest, required: readonly string[]): boolean {
  const rest = usages.filter((usage) => usage !== 'key encipherment');
  return rest.length === required.length && required.every((usage) => rest.includes(usage));
}

export function kubeletClientFault(request: CertificateRequest, csr: CertificateSigningRequest): string | undefined {
  const { dnsNames, emailAddresses, ipAddresses, uris, commonName } = request;
  if (!isNode(request)) return 'subject organization is not system:nodes';
  if (dnsNames.length) return 'DNS subjectAltNames are not allowed';
  if (emailAddresses.length) return 'Email subjectAltNames are not allowed';
  if (ipAddresses.length) return 'IP subjectAltNames are not allowed';
  if (uris.length) return 'URI subjectAltNames are not allowed';
  if (!commonName.startsWith(NODE_PREFIX)) return 'subject common name does not begin with system:node:';
  if (!usesOnly(csr, ['digital signature', 'client auth'])) return 'usages did not match [client auth digital signature]';
  return undefined;
}

function kubeletServingFault(request: CertificateRequest, csr: CertificateSigningRequest): string | undefined {
  const { dnsNames, emailAddresses, ipAddresses, uris, commonName } = request;
  if (!isNode(request)) return 'subject organization is not system:nodes';
  if (dnsNames.length === 0 && ipAddresses.length === 0) return 'DNS or IP subjectAltName is required';
  if (emailAddresses.length) return 'Email subjectAltNames are not allowed';
  if (uris.length) return 'URI subjectAltNames are not allowed';
  if (!usesOnly(csr, ['digital signature', 'server auth'])) return 'usages did not match [digital signature server auth]';
  if (!commonName.startsWith(NODE_PREFIX)) return 'subject common name does not begin with system:node:';
  if (csr.spec.username !== commonName) return 'requested common name does not match the requesting user';
  return undefined;
}

export const hasCondition = ({ status }: CertificateSigningRequest, type: string): boolean =>
  (status?.conditions ?? []).some((condition) => condition.type === type && condition.status !== 'False');

/** The request with one condition more. */
export const withCondition = (
  csr: CertificateSigningRequest,
  type: string,
  reason: string,
  message: string,
): CertificateSigningRequest => ({
  ...csr,
  status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), { type, status: 'True', reason, message }] },
});
