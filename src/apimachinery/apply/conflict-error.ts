// Conflicts of an apply as the client reads them: one cause for each field, and a message that names managers and fields.
import { quote } from '../go-text.ts';
import { applyConflict, type StatusError } from '../status-error.ts';
import { identified, type ManagerId } from './managed-fields.ts';
import { pathText } from './path-element.ts';
import type { Conflict } from './updater.ts';

/** @param conflicts sorted by manager */
export function conflictError(conflicts: readonly Conflict[]): StatusError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${managerText(identified(manager))}`,
    field: pathText(path),
  }));
  return applyConflict(causes, message(conflicts));
}

function message(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (first && conflicts.length === 1)
    return `Apply failed with 1 conflict: conflict with ${managerText(identified(first.manager))}: ${pathText(first.path)}`;
  const lines: string[] = [];
  conflicts.forEach(({ manager, path }, i) => {
    if (manager !== conflicts[i - 1]?.manager) lines.push(`conflicts with ${managerText(identified(manager))}:`);
    lines.push(`- ${pathText(path)}`);
  });
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

/** `"kubectl"`, `"hpa" with subresource "scale" using apps/v1` */
function managerText({ manager = '', subresource, operation, apiVersion = '' }: ManagerId): string {
  const who = subresource ? `${quote(manager)} with subresource ${quote(subresource)}` : quote(manager);
  return operation === 'Update' ? `${who} using ${apiVersion}` : who;
}
