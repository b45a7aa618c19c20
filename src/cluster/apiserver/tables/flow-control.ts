// Tables of API group flowcontrol.apiserver.k8s.io. Follows pkg/printers/internalversion.
import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1';
import { age } from './ages.ts';
import { columnsOf, NONE, text } from './columns-of.ts';
import { AGE, NAME } from './workload-cells.ts';

export const flowSchemaColumns = columnsOf<FlowSchema>(
  [
    NAME,
    text('PriorityLevel', 'The level of the requests that match.'),
    text('MatchingPrecedence', 'Lower ones are asked first.'),
    text('DistinguisherMethod', 'By what requests are told apart.'),
    AGE,
    text('MissingPL', 'Whether the level does not exist.'),
  ],
  ({ metadata, spec, status }, now) => [
    metadata.name,
    spec.priorityLevelConfiguration.name,
    spec.matchingPrecedence,
    spec.distinguisherMethod?.type ?? NONE,
    age(metadata.creationTimestamp, now),
    status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
  ],
);

export const priorityLevelColumns = columnsOf<PriorityLevelConfiguration>(
  [
    NAME,
    text('Type', 'Whether its requests are limited.'),
    text('NominalConcurrencyShares', 'Its part of the server.'),
    text('Queues', 'How many queues it has.'),
    text('HandSize', 'How many queues a flow has.'),
    text('QueueLengthLimit', 'How many requests may wait in a queue.'),
    AGE,
  ],
  ({ metadata, spec: { type, limited, exempt } }, now) => {
    const queuing = limited?.limitResponse?.queuing;
    return [
      metadata.name,
      type,
      (limited ?? exempt)?.nominalConcurrencyShares ?? NONE,
      queuing?.queues ?? NONE,
      queuing?.handSize ?? NONE,
      queuing?.queueLengthLimit ?? NONE,
      age(metadata.creationTimestamp, now),
    ];
  },
);
