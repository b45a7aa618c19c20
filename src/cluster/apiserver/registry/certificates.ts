// The resources of API group certificates.k8s.io. A request for a certificate is made once and never changed: it is approved or denied in
// one subresource, and signed in another. Follows pkg/registry/certificates.
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '#api/certificates/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import { formatTime } from '../../../apimachinery/time.ts';
import { certificateSigningRequestColumns } from '../tables/certificate-signing-request.ts';
import { define, typed, type DraftOf, type TypedStrategy } from '../generic/define.ts';
import type { ResourceDefinition, RuleContext } from '../generic/resource-definition.ts';
import {
  APPROVED,
  DENIED,
  ofType,
  validateCertificateSigningRequest,
  validateCertificateSigningRequestUpdate,
} from '../validation/certificate-signing-request.ts';

type Draft = DraftOf<CertificateSigningRequest>;

const requestStrategy: TypedStrategy<CertificateSigningRequest> = {
  allowUnconditionalUpdate: true,
  resetFields: [['spec'], ['status']],
  prepareForCreate(csr, { user }) {
    const { username: _n, uid: _u, groups: _g, extra: _e, ...asked } = csr.spec ?? {};
    csr.spec = {
      ...asked,
      username: user.username,
      ...(user.uid ? { uid: user.uid } : {}),
      ...(user.groups.length ? { groups: user.groups } : {}),
      ...(user.extra && Object.keys(user.extra).length ? { extra: user.extra } : {}),
    } as CertificateSigningRequest['spec'];
    csr.status = {};
  },
  validate: validateCertificateSigningRequest,
  prepareForUpdate(csr, old) {
    csr.spec = old.spec;
    csr.status = old.status ?? {};
  },
  validateUpdate: (csr, old) => validateCertificateSigningRequestUpdate(csr, old, 'neither'),
};

const statusStrategy: TypedStrategy<CertificateSigningRequest> = {
  ...requestStrategy,
  resetFields: [['spec']],
  prepareForUpdate(csr, old, context) {
    csr.spec = old.spec;
    // whoever signs has no say in whether it is approved
    const kept = [APPROVED, DENIED].every((type) => ofType(asRequest(csr), type).length === ofType(old, type).length);
    if (!kept) csr.status = withConditions(csr, old.status?.conditions);
    else {
      const conditions = (csr.status?.conditions ?? []).map((one) =>
        one.type === APPROVED || one.type === DENIED ? (ofType(old, one.type)[0] ?? one) : one,
      );
      csr.status = withConditions(csr, csr.status?.conditions && conditions);
    }
    stampConditions(csr, old, context);
  },
  validateUpdate: (csr, old) => validateCertificateSigningRequestUpdate(csr, old, 'certificate'),
};

const approvalStrategy: TypedStrategy<CertificateSigningRequest> = {
  ...requestStrategy,
  resetFields: [['spec'], ['status', 'certificate']],
  prepareForUpdate(csr, old, context) {
    csr.spec = old.spec;
    const { certificate: _, ...status } = csr.status ?? {};
    csr.status = { ...status, ...(old.status?.certificate ? { certificate: old.status.certificate } : {}) };
    stampConditions(csr, old, context);
  },
  validateUpdate: (csr, old) => validateCertificateSigningRequestUpdate(csr, old, 'approval'),
};

const asRequest = (csr: Draft): CertificateSigningRequest => csr as unknown as CertificateSigningRequest;

function withConditions(
  csr: Draft,
  conditions: readonly CertificateSigningRequestCondition[] | undefined,
): NonNullable<CertificateSigningRequest['status']> {
  const { conditions: _, ...rest } = csr.status ?? {};
  return { ...(conditions ? { conditions } : {}), ...rest };
}

/** Since when a condition has its status is told by the server, unless the client does. */
function stampConditions(csr: Draft, old: CertificateSigningRequest, { now }: RuleContext): void {
  const conditions = csr.status?.conditions;
  if (!conditions) return;
  const time = formatTime(now);
  const stamped = conditions.map((condition) => {
    const before = old.status?.conditions?.find(({ type, status }) => type === condition.type && status === condition.status);
    const lastTransitionTime = condition.lastTransitionTime ?? before?.lastTransitionTime ?? time;
    return { ...condition, lastUpdateTime: condition.lastUpdateTime ?? time, lastTransitionTime };
  });
  if (!deepEqual(stamped, conditions)) csr.status = withConditions(csr, stamped);
}

export function certificatesResources(): ResourceDefinition[] {
  return [
    define('certificates.k8s.io', 'certificatesigningrequests', {
      shortNames: ['csr'],
      strategy: typed(requestStrategy),
      subresources: { status: { strategy: typed(statusStrategy) }, approval: { strategy: typed(approvalStrategy) } },
      columns: certificateSigningRequestColumns,
      selectableFields: {
        names: ['spec.signerName'],
        read: ({ spec }) => ({ 'spec.signerName': (spec as CertificateSigningRequest['spec']).signerName ?? '' }),
      },
    }),
    define('certificates.k8s.io', 'clustertrustbundles', { strategy: {} }),
    define('certificates.k8s.io', 'podcertificaterequests', { strategy: {} }),
  ];
}
