// The resources of the core API group.
import type { Service } from '#api/core/v1';
import type { Store } from '../../storage/store.ts';
import { setServiceDefaults } from '../defaults/service.ts';
import { defaulting, define, typed } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import { statusStrategy } from '../generic/status-strategy.ts';
import { ServiceAllocation } from '../service/service-allocation.ts';
import { serviceStrategy } from '../service/service-strategy.ts';
import { validateServiceStatusUpdate } from '../validation/service.ts';

/** Where cluster addresses are taken from. */
const SERVICE_CIDR = '10.0.0.0/16';

/** @param store tells which addresses and ports are taken */
export function coreResources(store: Store): ResourceDefinition[] {
  return [
    define('', 'componentstatuses', { shortNames: ['cs'], strategy: {} }),
    define('', 'configmaps', { shortNames: ['cm'], strategy: {} }),
    define('', 'endpoints', { shortNames: ['ep'], storagePath: 'services/endpoints', strategy: {} }),
    define('', 'events', { shortNames: ['ev'], strategy: {} }),
    define('', 'limitranges', { shortNames: ['limits'], strategy: {} }),
    define('', 'namespaces', { shortNames: ['ns'], strategy: {} }),
    define('', 'bindings', { strategy: {} }),
    define('', 'persistentvolumeclaims', { shortNames: ['pvc'], strategy: {} }),
    define('', 'pods', { shortNames: ['po'], categories: ['all'], strategy: {} }),
    define('', 'podtemplates', { strategy: {} }),
    define('', 'replicationcontrollers', { shortNames: ['rc'], categories: ['all'], storagePath: 'controllers', strategy: {} }),
    define('', 'resourcequotas', { shortNames: ['quota'], strategy: {} }),
    define('', 'secrets', { strategy: {} }),
    define('', 'serviceaccounts', { shortNames: ['sa'], strategy: {} }),
    define('', 'services', {
      shortNames: ['svc'],
      categories: ['all'],
      storagePath: 'services/specs',
      versions: { v1: defaulting<Service>(setServiceDefaults) },
      strategy: typed<Service>(serviceStrategy(new ServiceAllocation(store, SERVICE_CIDR))),
      subresources: { status: { strategy: { ...statusStrategy, ...typed<Service>({ validateUpdate: validateServiceStatusUpdate }) } } },
      returnsDeletedObject: true,
      selectableFields: {
        names: ['spec.clusterIP', 'spec.type'],
        read: ({ spec }) => {
          const { clusterIP = '', type = '' } = spec as Service['spec'];
          return { 'spec.clusterIP': clusterIP, 'spec.type': type };
        },
      },
    }),
    define('', 'nodes', { shortNames: ['no'], storagePath: 'minions', strategy: {} }),
    define('', 'persistentvolumes', { shortNames: ['pv'], strategy: {} }),
  ];
}
