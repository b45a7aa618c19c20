// Tables of CertificateSigningRequests. Follows pkg/printers/internalversion.
import type { CertificateSigningRequest } from '#api/certificates/v1';
import { age, humanDuration } from './ages.ts';
import { columnsOf, text } from './columns-of.ts';
import { AGE, NAME } from './workload-cells.ts';

export const certificateSigningRequestColumns = columnsOf<CertificateSigningRequest>(
  [
    NAME,
    AGE,
    text('SignerName', 'Who is to sign it.'),
    text('Requestor', 'Who asked for it.'),
    text('RequestedDuration', 'For how long it was asked for.'),
    text('Condition', 'How far it is.'),
  ],
  ({ metadata, spec, status }, now) => [
    metadata.name,
    age(metadata.creationTimestamp, now),
    spec.signerName,
    spec.username ?? '',
    spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
    conditionText(status),
  ],
);

/** Approval first, then whether it was issued; `Failed` besides. */
function conditionText(status: CertificateSigningRequest['status']): string {
  const types = (status?.conditions ?? []).map(({ type }) => type);
  const approval = types.includes('Denied') ? 'Denied' : types.includes('Approved') ? 'Approved' : 'Pending';
  return [approval, ...(types.includes('Failed') ? ['Failed'] : []), ...(status?.certificate ? ['Issued'] : [])].join(',');
}
