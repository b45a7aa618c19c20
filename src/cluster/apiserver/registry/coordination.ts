// The resources of API group coordination.k8s.io.
import type { Lease } from '#api/coordination/v1';
import { define, typed, type DraftOf } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import { leaseColumns } from '../tables/other-groups.ts';
import { validateLease, validateLeaseUpdate } from '../validation/runtime-class.ts';

function dropCoordination(lease: DraftOf<Lease>, old: Lease | undefined): void {
  if (!lease.spec || old?.spec?.strategy || old?.spec?.preferredHolder) return;
  const { strategy, preferredHolder, ...spec } = lease.spec;
  if (strategy !== undefined || preferredHolder !== undefined) lease.spec = spec;
}

export function coordinationResources(): ResourceDefinition[] {
  return [
    define('coordination.k8s.io', 'leases', {
      strategy: typed<Lease>({
        // coordinated leader election is behind a feature gate that is off
        prepareForCreate: (lease) => dropCoordination(lease, undefined),
        prepareForUpdate: dropCoordination,
        allowCreateOnUpdate: true,
        validate: validateLease,
        validateUpdate: validateLeaseUpdate,
      }),
      columns: leaseColumns,
    }),
    define('coordination.k8s.io', 'leasecandidates', { strategy: {} }),
  ];
}
