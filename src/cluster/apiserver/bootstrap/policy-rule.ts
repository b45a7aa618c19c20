// A short way to write policy rules: `get list: pods pods/log @ core apps [one-name]`. Verbs, a colon, resources (or paths, which start
// with a slash); after an `@` the API groups, core where none is said; in brackets the names of single objects. `read` stands for
// get, list and watch, `*` for any.
import type { PolicyRule } from '#api/rbac/v1';

const READ = ['get', 'list', 'watch'];

/** Whoever tells of what it does writes Events, in either of their API groups. */
export const EVENTS = 'create patch update: events @ core events.k8s.io';

const FORM = /^([^:]+): ([^@[]+)(?:@ ([^[]+))?(?:\[(.+)\])?$/;

const words = (text: string): string[] => text.trim().split(' ');

/** Throws where the text is no rule: they are all written in this folder. */
export function policyRule(text: string): PolicyRule {
  const match = FORM.exec(text);
  if (!match) throw new Error(`not a policy rule: ${text}`);
  const [, verbText = '', what = '', groups = 'core', names] = match;
  const verbs = words(verbText)
    .flatMap((verb) => (verb === 'read' ? READ : [verb]))
    .sort();
  const named = words(what);
  if (named.every((name) => name.startsWith('/')) || text === '*: *') return { verbs, nonResourceURLs: named };
  const apiGroups = words(groups).map((group) => (group === 'core' ? '' : group));
  return { verbs, apiGroups, resources: named, ...(names ? { resourceNames: words(names) } : {}) };
}
