// The resources of API group apiregistration.k8s.io. Follows pkg/registry/apiservice of kube-aggregator.
import type { APIService } from '#api/apiregistration/v1';
import { localStatus } from '../bootstrap/api-services.ts';
import { defaulting, define, typed } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import { keep, keepMetadata } from '../generic/status-strategy.ts';
import { apiServiceColumns } from '../tables/api-service.ts';
import { validateAPIService, validateAPIServiceStatusUpdate, validateAPIServiceUpdate } from '../validation/api-service.ts';

export function apiregistrationResources(): ResourceDefinition[] {
  return [
    define('apiregistration.k8s.io', 'apiservices', {
      categories: ['api-extensions'],
      storagePath: 'apiregistration.k8s.io/apiservices',
      versions: {
        v1: defaulting<APIService>(({ spec }) => {
          if (spec?.service) spec.service.port ??= 443;
        }),
      },
      strategy: {
        resetFields: [['status']],
        ...typed<APIService>({
          prepareForCreate(service, { now }) {
            service.status = service.spec?.service ? {} : localStatus(now);
          },
          validate: validateAPIService,
          validateUpdate: validateAPIServiceUpdate,
        }),
        prepareForUpdate: (service, old) => keep(service, old, 'status'),
      },
      subresources: {
        status: {
          strategy: {
            resetFields: [['spec'], ['metadata']],
            prepareForUpdate(service, old) {
              keep(service, old, 'spec');
              keepMetadata(service, old);
            },
            ...typed<APIService>({ validateUpdate: validateAPIServiceStatusUpdate }),
          },
        },
      },
      columns: apiServiceColumns,
    }),
  ];
}
