// Signs approved requests to Kubernetes' own signers with the cluster's authority. Follows pkg/controller/certificates/signer.
import type { CertificateSigningRequest } from '#api/certificates/v1';
import type { CertificateAuthority } from '../../../apimachinery/x509/certificate-authority.ts';
import { controller, type Controller, type ControllerDeps } from '../../../client/controller.ts';
import { hasCondition, isOwnSigner, REQUESTS, signerFault, withCondition } from './signers.ts';

const WORKERS = 1;

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
const MIN_MS = 10 * 60 * 1000;
/** Clocks differ: a certificate is valid since a little while ago. */
const BACKDATE_MS = 5 * 60 * 1000;

/** From when until when, in milliseconds since 1970. */
export function validity(expirationSeconds: number | undefined, now: number): { readonly notBefore: number; readonly notAfter: number } {
  if (expirationSeconds === undefined) return { notBefore: now - BACKDATE_MS, notAfter: now - BACKDATE_MS + YEAR_MS };
  const wanted = Math.min(Math.max(expirationSeconds * 1000, MIN_MS), YEAR_MS);
  // what is short is not made shorter by the backdating
  const backdated = wanted < 8 * 60 * 60 * 1000 ? now + wanted : now - BACKDATE_MS + wanted;
  return { notBefore: now - BACKDATE_MS, notAfter: backdated };
}

export function csrSigningController(deps: ControllerDeps, authority: CertificateAuthority): Controller {
  const { client, informers, clock } = deps;
  const requests = informers.of(REQUESTS);

  return controller({
    name: 'csrsigning',
    deps,
    workers: WORKERS,
    watch(queue) {
      const changed = ({ metadata }: CertificateSigningRequest): void => queue.add(metadata.name);
      requests.addHandler({ added: changed, updated: changed });
    },
    async reconcile(name) {
      const csr = requests.get('', name);
      if (!csr || !isOwnSigner(csr.spec.signerName) || csr.status?.certificate) return;
      if (!hasCondition(csr, 'Approved') || hasCondition(csr, 'Denied') || hasCondition(csr, 'Failed')) return;
      const wrong = signerFault(csr);
      if (wrong !== undefined) {
        await client.updateStatus(REQUESTS, withCondition(csr, 'Failed', 'SignerValidationFailure', wrong));
        return;
      }
      const { request, usages = [], expirationSeconds } = csr.spec;
      const order = { request, usages, ...validity(expirationSeconds, clock.now()) };
      const certificate = await clock.hold(authority.sign(order, clock.now()));
      await client.updateStatus(REQUESTS, { ...csr, status: { ...csr.status, certificate } });
    },
  });
}
