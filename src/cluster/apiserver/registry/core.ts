// The resources of the core API group.
import type { ConfigMap, Namespace, Secret, Service } from '#api/core/v1';
import type { Store } from '../../storage/store.ts';
import { setNamespaceDefaults, setSecretDefaults } from '../defaults/namespace-and-secret.ts';
import { setServiceDefaults } from '../defaults/service.ts';
import { defaulting, define, typed } from '../generic/define.ts';
import { podResources } from './pods.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import { statusStrategy } from '../generic/status-strategy.ts';
import { namespaceFinalizeStrategy, namespaceStatusStrategy, namespaceStrategy } from '../namespace-strategy.ts';
import { ServiceAllocation } from '../service/service-allocation.ts';
import { serviceStrategy } from '../service/service-strategy.ts';
import { secretWarnings, validateConfigMap, validateConfigMapUpdate, validateSecret, validateSecretUpdate } from '../validation/config.ts';
import { validateServiceStatusUpdate } from '../validation/service.ts';

/** Where cluster addresses are taken from. */
const SERVICE_CIDR = '10.0.0.0/16';

/** @param store tells which addresses and ports are taken */
export function coreResources(store: Store): ResourceDefinition[] {
  return [
    define('', 'componentstatuses', { shortNames: ['cs'], strategy: {} }),
    define('', 'configmaps', {
      shortNames: ['cm'],
      strategy: typed<ConfigMap>({
        allowUnconditionalUpdate: true,
        validate: validateConfigMap,
        validateUpdate: validateConfigMapUpdate,
      }),
    }),
    define('', 'endpoints', { shortNames: ['ep'], storagePath: 'services/endpoints', strategy: {} }),
    define('', 'events', { shortNames: ['ev'], strategy: {} }),
    define('', 'limitranges', { shortNames: ['limits'], strategy: {} }),
    define('', 'namespaces', {
      shortNames: ['ns'],
      versions: { v1: defaulting<Namespace>(setNamespaceDefaults) },
      strategy: typed<Namespace>(namespaceStrategy),
      subresources: {
        status: { strategy: typed<Namespace>(namespaceStatusStrategy) },
        finalize: { strategy: typed<Namespace>(namespaceFinalizeStrategy) },
      },
      returnsDeletedObject: true,
      selectableFields: {
        names: ['status.phase'],
        read: ({ status }) => ({ 'status.phase': (status as Namespace['status'])?.phase ?? '' }),
      },
    }),
    define('', 'persistentvolumeclaims', { shortNames: ['pvc'], strategy: {} }),
    ...podResources(),
    define('', 'resourcequotas', { shortNames: ['quota'], strategy: {} }),
    define('', 'secrets', {
      versions: { v1: defaulting<Secret>(setSecretDefaults) },
      strategy: typed<Secret>({
        allowUnconditionalUpdate: true,
        prepareForUpdate(secret, old) {
          // the type is kept where the client does not speak of it
          if (!secret.type && old.type) secret.type = old.type;
        },
        validate: validateSecret,
        validateUpdate: validateSecretUpdate,
        warningsOnCreate: secretWarnings,
        warningsOnUpdate: secretWarnings,
      }),
      selectableFields: { names: ['type'], read: ({ type }) => ({ type: (type as string | undefined) ?? '' }) },
    }),
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
