// Hooks that the sync of head would run, and those that fail.
import { resourceText } from '../../plan/resource-id.ts';
import type { Finding } from '../consequence.ts';
import type { Rule } from '../evidence.ts';

export const hooks: Rule = ({ synced }) =>
  synced.resources.flatMap(({ hook, action, message, group, version, kind, namespace, name }): Finding[] => {
    if (hook === null || (action !== 'created' && action !== 'failed')) return [];
    const object = { group, version, kind, namespace, name };
    return action === 'created'
      ? [
          {
            severity: 'info',
            type: 'HookRuns',
            reason: hook,
            object,
            message: `${resourceText(object)} runs as ${hook} hook`,
          },
        ]
      : [
          {
            severity: 'error',
            type: 'HookFailed',
            reason: hook,
            object,
            message: `${resourceText(object)} fails as ${hook} hook: what comes after it is not done`,
            cause: message,
            remedy: 'see why it does not succeed',
          },
        ];
  });
