// Rules of differences that are nobody's business: as Argo CD and jibe.yaml write them, and in short as a flag does.
import type { IgnoreDifference } from '../plan/sync-policy.ts';
import type { Fields } from './fields.ts';

/** Where no group is said, the core's. */
export function ignoreDifference(item: Fields): IgnoreDifference {
  return {
    group: item.string('group'),
    kind: item.required('kind'),
    name: item.string('name'),
    namespace: item.string('namespace'),
    jsonPointers: item.strings('jsonPointers'),
    jqPathExpressions: item.strings('jqPathExpressions'),
    managedFieldsManagers: item.strings('managedFieldsManagers'),
  };
}

/**
 * `KIND[.GROUP][/NAME]:FIELDS`: `Deployment.apps/web:/spec/replicas` (a JSON pointer), `Secret:.data.token` (a path of jq), `*:manager=x`
 * (all that a manager owns). A kind without a group is one of any group. Undefined for what is none.
 */
export function parseIgnoreDifference(text: string): IgnoreDifference | undefined {
  const [, kind, group = '*', name = '', fields = ''] = /^([A-Za-z]\w*|\*)(?:\.([\w.-]+))?(?:\/([^:/]+))?:(.+)$/s.exec(text) ?? [];
  if (kind === undefined) return undefined;
  const rule = { group, kind, name, namespace: '', jsonPointers: [], jqPathExpressions: [], managedFieldsManagers: [] };
  if (fields.startsWith('/')) return { ...rule, jsonPointers: [fields] };
  if (fields.startsWith('.')) return { ...rule, jqPathExpressions: [fields] };
  const manager = /^manager=(.+)$/.exec(fields)?.[1];
  return manager === undefined ? undefined : { ...rule, managedFieldsManagers: [manager] };
}
