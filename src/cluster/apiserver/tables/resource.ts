// Tables of API group resource.k8s.io. Follows pkg/printers/internalversion.
import type { DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice } from '#api/resource/v1';
import { age } from './ages.ts';
import { columnsOf, text } from './columns-of.ts';
import { AGE, NAME } from './workload-cells.ts';

export const deviceClassColumns = columnsOf<DeviceClass | ResourceClaimTemplate>([NAME, AGE], ({ metadata }, now) => [
  metadata.name,
  age(metadata.creationTimestamp, now),
]);

export const resourceClaimColumns = columnsOf<ResourceClaim>(
  [NAME, text('State', 'Whether it has devices, and whether they are in use.'), AGE],
  (claim, now) => [claim.metadata.name, stateOf(claim), age(claim.metadata.creationTimestamp, now)],
);

function stateOf({ metadata, status }: ResourceClaim): string {
  const states: string[] = [];
  if (metadata.deletionTimestamp) states.push('deleted');
  if (status?.allocation) states.push('allocated');
  else if (!metadata.deletionTimestamp) states.push('pending');
  if (status?.reservedFor?.length) states.push('reserved');
  return states.join(',');
}

export const resourceSliceColumns = columnsOf<ResourceSlice>(
  [
    NAME,
    text('Node', 'The node whose devices they are.'),
    text('Driver', 'Who offers them.'),
    text('Pool', 'The pool they belong to.'),
    AGE,
  ],
  ({ metadata, spec }, now) => [metadata.name, spec.nodeName ?? '', spec.driver, spec.pool.name, age(metadata.creationTimestamp, now)],
);
