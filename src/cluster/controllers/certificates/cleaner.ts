// Takes away requests for certificates that have been dealt with, and those that nobody deals with. Follows
// pkg/controller/certificates/cleaner.
import type { CertificateSigningRequest } from '#api/certificates/v1';
import { X509Certificate } from 'node:crypto';
import { isNotFound } from '../../../apimachinery/status-error.ts';
import { timeMs } from '../../../apimachinery/time.ts';
import { controller, type Controller, type ControllerDeps } from '../../../client/controller.ts';
import { REQUESTS } from './signers.ts';

const WORKERS = 1;
const POLL_MS = 60 * 60 * 1000;

const DONE_MS = 60 * 60 * 1000;
const PENDING_MS = 24 * 60 * 60 * 1000;

/** Whether its time is over. */
export function isOver({ metadata, status }: CertificateSigningRequest, now: number): boolean {
  const issued = status?.certificate ?? '';
  if (issued && isExpired(issued, now)) return true;
  const conditions = status?.conditions ?? [];
  if (conditions.length === 0 && !issued) return now - timeMs(metadata.creationTimestamp) > PENDING_MS;
  return conditions.some(({ type, lastUpdateTime }) => {
    const done = type === 'Denied' || type === 'Failed' || (type === 'Approved' && issued !== '');
    const waits = type === 'Approved' && issued === '';
    const since = now - timeMs(lastUpdateTime ?? metadata.creationTimestamp);
    return (done && since > DONE_MS) || (waits && since > PENDING_MS);
  });
}

function isExpired(certificate: string, now: number): boolean {
  const pem = Buffer.from(certificate, 'base64').toString('latin1');
  if (!pem.includes('BEGIN CERTIFICATE')) return false;
  return Date.parse(new X509Certificate(pem).validTo) < now;
}

export function csrCleanerController(deps: ControllerDeps): Controller {
  const { client, informers, clock } = deps;
  const requests = informers.of(REQUESTS);

  return controller({
    name: 'csrcleaner',
    deps,
    workers: WORKERS,
    watch(queue) {
      const seen = ({ metadata }: CertificateSigningRequest): void => queue.addAfter(metadata.name, POLL_MS, { background: true });
      requests.addHandler({ added: seen });
    },
    async reconcile(name, queue) {
      const csr = requests.get('', name);
      if (!csr) return;
      if (!isOver(csr, clock.now())) {
        queue.addAfter(name, POLL_MS, { background: true });
        return;
      }
      try {
        await client.delete(REQUESTS, name);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  });
}
