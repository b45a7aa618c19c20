// Approves what kubelets need to join and to stay: client certificates of nodes, where whoever asks may have them. Follows
// pkg/controller/certificates/approver.
import type { SubjectAccessReview } from '#api/authorization/v1';
import type { CertificateSigningRequest } from '#api/certificates/v1';
import type { KubernetesObject, Manifest } from '../../../apimachinery/object.ts';
import { parseCertificateRequest } from '../../../apimachinery/x509/certificate-request.ts';
import { controller, type Controller, type ControllerDeps } from '../../../client/controller.ts';
import { hasCondition, KUBELET_CLIENT_SIGNER, kubeletClientFault, REQUESTS, withCondition } from './signers.ts';

const WORKERS = 1;

/** The permission (a subresource of the requests' own) by which it may be had, and what is told then. */
interface Recognized {
  readonly permission: string;
  readonly message: string;
}

/** The ways in which a request can be had; none where it is not a node's. */
export function recognize(csr: CertificateSigningRequest): readonly Recognized[] {
  const { signerName, request, username } = csr.spec;
  if (signerName !== KUBELET_CLIENT_SIGNER) return [];
  const asked = parseCertificateRequest(request);
  if (kubeletClientFault(asked, csr) !== undefined) return [];
  const forNode = { permission: 'nodeclient', message: 'Auto approving kubelet client certificate after SubjectAccessReview.' };
  const forItself = { permission: 'selfnodeclient', message: 'Auto approving self kubelet client certificate after SubjectAccessReview.' };
  return asked.commonName === username ? [forItself, forNode] : [forNode];
}

export function csrApprovingController(deps: ControllerDeps): Controller {
  const { client, informers } = deps;
  const requests = informers.of(REQUESTS);

  return controller({
    name: 'csrapproving',
    deps,
    workers: WORKERS,
    watch(queue) {
      const changed = ({ metadata }: CertificateSigningRequest): void => queue.add(metadata.name);
      requests.addHandler({ added: changed, updated: changed });
    },
    async reconcile(name) {
      const csr = requests.get('', name);
      if (!csr || csr.status?.certificate || hasCondition(csr, 'Approved') || hasCondition(csr, 'Denied')) return;
      const ways = recognize(csr);
      for (const { permission, message } of ways) {
        if (!(await isPermitted(csr, permission))) continue;
        await client.update(REQUESTS, withCondition(csr, 'Approved', 'AutoApproved', message), { subresource: 'approval' });
        return;
      }
      // permissions may come yet
      if (ways.length)
        throw new Error(`recognized csr ${JSON.stringify(name)} as ${ways[0]!.permission} but subject access review was not approved`);
    },
  });

  async function isPermitted({ spec }: CertificateSigningRequest, subresource: string): Promise<boolean> {
    const review: Manifest<KubernetesObject> & Pick<SubjectAccessReview, 'spec'> = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: spec.username ?? '',
        groups: spec.groups ?? [],
        ...(spec.uid ? { uid: spec.uid } : {}),
        ...(spec.extra ? { extra: spec.extra } : {}),
        resourceAttributes: {
          group: 'certificates.k8s.io',
          resource: 'certificatesigningrequests',
          verb: 'create',
          subresource,
          version: '*',
        },
      },
    };
    const answer = (await client.create('authorization.k8s.io/v1/SubjectAccessReview', review)) as SubjectAccessReview;
    return answer.status?.allowed === true;
  }
}
