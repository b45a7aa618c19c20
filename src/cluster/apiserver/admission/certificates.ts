// Who may approve and who may sign requests for certificates is said signer by signer; and nobody gets into system:masters by one. Follows
// plugin/pkg/admission/certificates.
import type { CertificateSigningRequest } from '#api/certificates/v1';
import type { UserInfo } from '../../../apimachinery/api-request.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import { CertificateRequestError, parseCertificateRequest } from '../../../apimachinery/x509/certificate-request.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import { isAbout, refusal, type AdmissionAttributes, type AdmissionPlugin } from './admission.ts';

const GROUP = 'certificates.k8s.io';
const RESOURCE = 'certificatesigningrequests';
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';
const MASTERS = 'system:masters';

const isAboutPart = ({ resource, subresource }: AdmissionAttributes, part: string): boolean =>
  resource.group === GROUP && resource.resource === RESOURCE && subresource === part;

/** The signer by name, or all of its domain. */
async function mayUseSigner(authorizer: Authorizer, user: UserInfo, verb: string, signerName: string): Promise<boolean> {
  const asked = { user, verb, group: GROUP, version: '*', resource: 'signers', subresource: '', namespace: '', fieldSelector: [] };
  if ((await authorizer.authorize({ ...asked, name: signerName })).allowed) return true;
  return (await authorizer.authorize({ ...asked, name: `${signerName.split('/')[0]}/*` })).allowed;
}

export function certificateAdmission(authorizer: Authorizer): readonly AdmissionPlugin[] {
  return [
    {
      name: 'CertificateApproval',
      operations: ['UPDATE'],
      async validate(attributes) {
        if (!isAboutPart(attributes, 'approval')) return;
        const { signerName } = (attributes.object as unknown as CertificateSigningRequest).spec;
        if (!(await mayUseSigner(authorizer, attributes.user, 'approve', signerName)))
          throw refusal(attributes, `user not permitted to approve requests with signerName ${quote(signerName)}`);
      },
    },
    {
      name: 'CertificateSigning',
      operations: ['UPDATE'],
      async validate(attributes) {
        if (!isAboutPart(attributes, 'status')) return;
        const old = attributes.old as unknown as CertificateSigningRequest;
        const csr = attributes.object as unknown as CertificateSigningRequest;
        // conditions alone are no signature
        if ((csr.status?.certificate ?? '') === (old.status?.certificate ?? '')) return;
        const { signerName } = old.spec;
        if (!(await mayUseSigner(authorizer, attributes.user, 'sign', signerName)))
          throw refusal(attributes, `user not permitted to sign requests with signerName ${quote(signerName)}`);
      },
    },
    {
      name: 'CertificateSubjectRestriction',
      operations: ['CREATE'],
      validate(attributes) {
        if (!isAbout(attributes, GROUP, RESOURCE)) return;
        const { signerName, request } = (attributes.object as unknown as CertificateSigningRequest).spec;
        if (signerName !== CLIENT_SIGNER || !organizationsOf(attributes, request).includes(MASTERS)) return;
        throw refusal(attributes, `use of ${CLIENT_SIGNER} signer with ${MASTERS} group is not allowed`);
      },
    },
  ];
}

function organizationsOf(attributes: AdmissionAttributes, request: string): readonly string[] {
  try {
    return parseCertificateRequest(request).organizations;
  } catch (error) {
    if (error instanceof CertificateRequestError) throw refusal(attributes, `failed to parse CSR: ${error.message}`);
    throw error;
  }
}
