// The columns of kinds that have none of their own: name and time of creation.
import type { Columns } from './table.ts';

export const defaultColumns: Columns = {
  columns: [
    { name: 'Name', type: 'string', format: 'name', description: 'Name must be unique within a namespace.' },
    {
      name: 'Created At',
      type: 'date',
      description: 'CreationTimestamp is a timestamp representing the server time when this object was created.',
    },
  ],
  cells: ({ metadata }) => [metadata.name, metadata.creationTimestamp],
};
