// The resources of API group discovery.k8s.io.
import type { EndpointSlice } from '#api/discovery/v1';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { defaulting, define, typed, type DraftOf } from '../generic/define.ts';
import { bumpGeneration } from '../generic/generation.ts';
import type { Draft, ResourceDefinition } from '../generic/resource-definition.ts';
import { semanticEqual } from '../validation/object-meta.ts';
import { endpointSliceColumns } from '../tables/networking.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate } from '../validation/endpoint-slice.ts';

const fqdnWarnings = ({ addressType }: EndpointSlice): string[] =>
  addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : [];

/** It was of the beta version: in v1 it can be read, not written. */
function dropTopology(slice: DraftOf<EndpointSlice>): void {
  if (slice.endpoints?.some((e) => e.deprecatedTopology))
    slice.endpoints = slice.endpoints.map((endpoint) => {
      const { deprecatedTopology: _, ...rest } = endpoint;
      return rest;
    });
}

export function discoveryResources(): ResourceDefinition[] {
  return [
    define('discovery.k8s.io', 'endpointslices', {
      versions: {
        v1: defaulting<EndpointSlice>(({ ports }) => {
          for (const port of ports ?? []) {
            port.name ??= '';
            port.protocol ??= 'TCP';
          }
        }),
      },
      strategy: typed<EndpointSlice>({
        allowUnconditionalUpdate: true,
        prepareForCreate(slice) {
          dropTopology(slice);
          slice.metadata.generation = 1;
        },
        prepareForUpdate(slice, old) {
          bumpGeneration(slice as unknown as Draft, old as unknown as KubernetesObject, ['addressType', 'endpoints', 'ports']);
          // by its labels it is found
          if (!semanticEqual(slice.metadata.labels, old.metadata.labels)) slice.metadata.generation = (old.metadata.generation ?? 0) + 1;
          // it counts as a change, though nothing comes of it
          if (!old.endpoints?.some((e) => e.deprecatedTopology)) dropTopology(slice);
        },
        validate: validateEndpointSlice,
        warningsOnCreate: fqdnWarnings,
        validateUpdate: validateEndpointSliceUpdate,
      }),
      columns: endpointSliceColumns,
    }),
  ];
}
