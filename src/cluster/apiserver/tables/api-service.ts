// The table of APIServices. Follows the printer columns of kube-aggregator's registry.
import type { APIService } from '#api/apiregistration/v1';
import { age } from './ages.ts';
import { columnsOf, text } from './columns-of.ts';
import { AGE, NAME } from './workload-cells.ts';

export const apiServiceColumns = columnsOf<APIService>(
  [NAME, text('Service', 'The service that answers.'), text('Available', 'Whether it can be asked.'), AGE],
  ({ metadata, spec, status }, now) => {
    const available = status?.conditions?.find(({ type }) => type === 'Available');
    const why = available && available.status !== 'True' ? ` (${available.reason ?? ''})` : '';
    return [
      metadata.name,
      spec.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local',
      `${available?.status ?? 'Unknown'}${why}`,
      age(metadata.creationTimestamp, now),
    ];
  },
);
