// Writes that the server refuses: fields that cannot change, and everything else, each with the server's own words. What it refuses of base
// in the same words is no consequence of head.
import { resourceKey, resourceText, type ResourceId } from '../../plan/resource-id.ts';
import type { Refusal } from '../../plan/refusal.ts';
import type { Finding } from '../consequence.ts';
import type { Evidence, Rule } from '../evidence.ts';

export const refusals: Rule = (evidence) => {
  const known = new Set(evidence.settled.resources.filter(({ action }) => action === 'failed').map((one) => refusalKey(one, one.message)));
  return [...foreseen(evidence), ...onlyWhenDone(evidence)].filter(({ object, cause = '' }) => !known.has(refusalKey(object, cause)));
};

const refusalKey = (object: ResourceId, words: string): string => `${resourceKey(object)} ${words}`;

const foreseen = ({ plan }: Evidence): Finding[] => plan.resources.flatMap(({ id, refusal }) => (refusal ? [refused(id, refusal)] : []));

function refused(object: ResourceId, { faults, immutable, message, remedy }: Refusal): Finding {
  const told = faults.map(({ path, message: why }) => (path ? `${path}: ${shortened(why)}` : shortened(why))).join('; ');
  return {
    severity: 'error',
    ...(immutable ? { type: 'ImmutableField', reason: 'Immutable' } : { type: 'Rejected', reason: 'Refused' }),
    object,
    message: immutable ? `${resourceText(object)} cannot be changed like this: ${told}` : `${resourceText(object)} is refused: ${told}`,
    cause: message,
    remedy,
    fields: faults.flatMap(({ path }) => (path ? [path] : [])),
  };
}

/** What the plan foresaw is told by it; a refusal may also come up only when it is done. */
function onlyWhenDone({ plan, synced }: Evidence): Finding[] {
  const known = new Set(plan.resources.filter(({ action }) => action === 'refused').map(({ id }) => resourceKey(id)));
  return synced.resources
    .filter((resource) => resource.action === 'failed' && resource.hook === null && !known.has(resourceKey(resource)))
    .map(({ group, version, kind, namespace, name, message }) => {
      const object = { group, version, kind, namespace, name };
      return {
        severity: 'error',
        type: 'Rejected',
        reason: 'Refused',
        object,
        message: `${resourceText(object)} is refused`,
        cause: message,
      };
    });
}

/** Kubernetes prints whole pod templates into its messages. */
const LONGEST_VALUE = 120;

const shortened = (message: string): string =>
  message.replace(/^([A-Z][a-z]+ value: )(.+)(: [^:"]+)$/s, (all, reason: string, value: string, why: string) =>
    value.length > LONGEST_VALUE ? `${reason}${value.slice(0, LONGEST_VALUE)}…${why}` : all,
  );
