// The resources of the core API group.
import { define } from '../generic/define.ts';
import { podResources } from './pods.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function coreResources(): ResourceDefinition[] {
  return [
    define('', 'componentstatuses', { shortNames: ['cs'], strategy: {} }),
    define('', 'configmaps', { shortNames: ['cm'], strategy: {} }),
    define('', 'endpoints', { shortNames: ['ep'], storagePath: 'services/endpoints', strategy: {} }),
    define('', 'events', { shortNames: ['ev'], strategy: {} }),
    define('', 'limitranges', { shortNames: ['limits'], strategy: {} }),
    define('', 'namespaces', { shortNames: ['ns'], strategy: {} }),
    define('', 'persistentvolumeclaims', { shortNames: ['pvc'], strategy: {} }),
    ...podResources(),
    define('', 'resourcequotas', { shortNames: ['quota'], strategy: {} }),
    define('', 'secrets', { strategy: {} }),
    define('', 'serviceaccounts', { shortNames: ['sa'], strategy: {} }),
    define('', 'services', { shortNames: ['svc'], categories: ['all'], storagePath: 'services/specs', strategy: {} }),
    define('', 'nodes', { shortNames: ['no'], storagePath: 'minions', strategy: {} }),
    define('', 'persistentvolumes', { shortNames: ['pv'], strategy: {} }),
  ];
}
