// The resources of the core API group.
import type { ConfigMap, Endpoints, LimitRange, Namespace, ResourceQuota, Secret, Service, ServiceAccount } from '#api/core/v1';
import { Path } from '../../../apimachinery/validation/field-error.ts';
import { nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import type { Store } from '../../storage/store.ts';
import type { Access } from '../access.ts';
import { serveTokenRequest } from '../authentication/token-request.ts';
import { setEndpointsDefaults, setLimitRangeDefaults, setResourceQuotaDefaults } from '../defaults/core-kinds.ts';
import { setNamespaceDefaults, setSecretDefaults } from '../defaults/namespace-and-secret.ts';
import { setServiceDefaults } from '../defaults/service.ts';
import { defaulting, define, typed, type DraftOf, type TypedStrategy } from '../generic/define.ts';
import { podResources } from './pods.ts';
import { coreEvents } from './events.ts';
import { proxyService } from '../proxy/places.ts';
import { nodeObjects } from './nodes.ts';
import { volumeResources } from './volumes.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import { keep, statusStrategy } from '../generic/status-strategy.ts';
import { namespaceFinalizeStrategy, namespaceStatusStrategy, namespaceStrategy } from '../namespace-strategy.ts';
import { ServiceAllocation } from '../service/service-allocation.ts';
import { serviceStrategy } from '../service/service-strategy.ts';
import { secretWarnings, validateConfigMap, validateConfigMapUpdate, validateSecret, validateSecretUpdate } from '../validation/config.ts';
import {
  configMapColumns,
  endpointsColumns,
  namespaceColumns,
  resourceQuotaColumns,
  secretColumns,
  serviceAccountColumns,
  serviceColumns,
} from '../tables/core.ts';
import { validateEndpoints, validateEndpointsUpdate } from '../validation/endpoints.ts';
import { validateLimitRange } from '../validation/limit-range.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate } from '../validation/object-meta.ts';
import {
  resourceQuotaWarnings,
  validateResourceQuota,
  validateResourceQuotaStatusUpdate,
  validateResourceQuotaUpdate,
} from '../validation/resource-quota.ts';
import { validateServiceStatusUpdate } from '../validation/service.ts';

const METADATA = Path.of('metadata');

const keepStatus = (object: object, old: object): void => keep(object, old, 'status');

const resourceQuotaStrategy: TypedStrategy<ResourceQuota> = {
  allowUnconditionalUpdate: true,
  resetFields: [['status']],
  prepareForCreate(quota) {
    quota.status = {};
  },
  validate: validateResourceQuota,
  warningsOnCreate: resourceQuotaWarnings,
  prepareForUpdate: keepStatus,
  validateUpdate: validateResourceQuotaUpdate,
};

const ENFORCE_MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets';

/** Of a secret only the name counts. */
function nameSecrets(account: DraftOf<ServiceAccount>): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

function accountWarnings({ metadata: { annotations } }: ServiceAccount): string[] {
  if (annotations?.[ENFORCE_MOUNTABLE] === undefined) return [];
  const why = 'deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets';
  return [`metadata.annotations[${ENFORCE_MOUNTABLE}]: ${why}`];
}

const serviceAccountStrategy: TypedStrategy<ServiceAccount> = {
  allowUnconditionalUpdate: true,
  prepareForCreate: nameSecrets,
  validate: ({ metadata }) => validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA),
  warningsOnCreate: accountWarnings,
  prepareForUpdate: nameSecrets,
  validateUpdate: ({ metadata }, old) => [
    ...validateCoreObjectMetaUpdate(metadata, old.metadata, METADATA),
    ...validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA),
  ],
  warningsOnUpdate: (account, old) => (accountWarnings(old).length ? [] : accountWarnings(account)),
};

/** Where cluster addresses are taken from. */
const SERVICE_CIDR = '10.0.0.0/16';

/** @param store tells which addresses and ports are taken */
export function coreResources(store: Store, { serviceAccountTokens }: Access): ResourceDefinition[] {
  return [
    define('', 'componentstatuses', {
      shortNames: ['cs'],
      versions: { v1: { deprecation: 'v1 ComponentStatus is deprecated in v1.19+' } },
      strategy: {},
    }),
    define('', 'configmaps', {
      shortNames: ['cm'],
      strategy: typed<ConfigMap>({
        allowUnconditionalUpdate: true,
        validate: validateConfigMap,
        validateUpdate: validateConfigMapUpdate,
      }),
      columns: configMapColumns,
    }),
    define('', 'endpoints', {
      shortNames: ['ep'],
      storagePath: 'services/endpoints',
      versions: {
        v1: {
          ...defaulting<Endpoints>(setEndpointsDefaults),
          deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
        },
      },
      strategy: typed<Endpoints>({
        allowCreateOnUpdate: true,
        allowUnconditionalUpdate: true,
        validate: validateEndpoints,
        validateUpdate: validateEndpointsUpdate,
      }),
      columns: endpointsColumns,
    }),
    coreEvents(),
    define('', 'limitranges', {
      shortNames: ['limits'],
      versions: { v1: defaulting<LimitRange>(setLimitRangeDefaults) },
      strategy: typed<LimitRange>({
        allowCreateOnUpdate: true,
        allowUnconditionalUpdate: true,
        prepareForCreate({ metadata }) {
          // a name that nobody has to think of: its own uid
          if (!metadata.name && metadata.uid) metadata.name = metadata.uid;
        },
        validate: validateLimitRange,
        validateUpdate: validateLimitRange,
      }),
    }),
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
      columns: namespaceColumns,
    }),
    ...podResources(),
    define('', 'resourcequotas', {
      shortNames: ['quota'],
      versions: { v1: defaulting<ResourceQuota>(setResourceQuotaDefaults) },
      strategy: typed(resourceQuotaStrategy),
      subresources: {
        status: { strategy: { ...statusStrategy, ...typed<ResourceQuota>({ validateUpdate: validateResourceQuotaStatusUpdate }) } },
      },
      returnsDeletedObject: true,
      columns: resourceQuotaColumns,
    }),
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
      columns: secretColumns,
    }),
    define('', 'serviceaccounts', {
      shortNames: ['sa'],
      strategy: typed(serviceAccountStrategy),
      subresources: { token: { serve: (context, server) => serveTokenRequest(context, server, serviceAccountTokens) } },
      returnsDeletedObject: true,
      columns: serviceAccountColumns,
    }),
    define('', 'services', {
      shortNames: ['svc'],
      categories: ['all'],
      storagePath: 'services/specs',
      versions: { v1: defaulting<Service>(setServiceDefaults) },
      strategy: typed<Service>(serviceStrategy(new ServiceAllocation(store, SERVICE_CIDR))),
      subresources: {
        status: { strategy: { ...statusStrategy, ...typed<Service>({ validateUpdate: validateServiceStatusUpdate }) } },
        proxy: { serve: proxyService },
      },
      returnsDeletedObject: true,
      selectableFields: {
        names: ['spec.clusterIP', 'spec.type'],
        read: ({ spec }) => {
          const { clusterIP = '', type = '' } = spec as Service['spec'];
          return { 'spec.clusterIP': clusterIP, 'spec.type': type };
        },
      },
      columns: serviceColumns,
    }),
    ...nodeObjects(),
    ...volumeResources(),
  ];
}
