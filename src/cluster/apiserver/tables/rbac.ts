// Tables of RoleBindings and ClusterRoleBindings. Follows pkg/printers/internalversion.
import type { RoleBinding } from '#api/rbac/v1';
import { age } from './ages.ts';
import { columnsOf, text, wide } from './columns-of.ts';
import { AGE, NAME } from './workload-cells.ts';

export const bindingColumns = columnsOf<RoleBinding>(
  [
    NAME,
    text('Role', 'What it grants.'),
    AGE,
    wide('Users', 'Users to whom.'),
    wide('Groups', 'Groups to whom.'),
    wide('ServiceAccounts', 'ServiceAccounts to whom.'),
  ],
  ({ metadata, roleRef, subjects = [] }, now) => {
    const named = (kind: string): string[] => subjects.filter((s) => s.kind === kind).map((s) => s.name);
    const accounts = subjects.filter((s) => s.kind === 'ServiceAccount').map(({ namespace = '', name }) => `${namespace}/${name}`);
    return [
      metadata.name!,
      `${roleRef.kind}/${roleRef.name}`,
      age(metadata.creationTimestamp, now),
      named('User').join(', '),
      named('Group').join(', '),
      accounts.join(', '),
    ];
  },
);
