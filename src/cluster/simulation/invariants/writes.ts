// What holds of every write: revisions grow by one, an object's version is the revision of its write, generations never fall, and what is
// bound stays where it is.
import type { Pod } from '#api/core/v1';
import type { WriteInvariant } from './invariant.ts';

/** Of each run its own: it counts. */
export function revisionsGrow(): WriteInvariant {
  let last: number | undefined;
  return {
    name: 'revisions grow',
    check({ key, revision, value, previous }) {
      const before = last;
      last = revision;
      if (before !== undefined && revision !== before + 1) return `${key}: revision ${revision} follows ${before}`;
      if (value.metadata.resourceVersion !== String(revision))
        return `${key}: has resourceVersion ${value.metadata.resourceVersion}, written at ${revision}`;
      const [now = 0, then = 0] = [value.metadata.generation, previous?.metadata.generation];
      if (previous?.metadata.uid === value.metadata.uid && now < then) return `${key}: generation fell from ${then} to ${now}`;
      return undefined;
    },
  };
}

export const boundOnce: WriteInvariant = {
  name: 'no pod is bound twice',
  check({ key, value, previous }) {
    if (!key.startsWith('/registry/pods/') || previous?.metadata.uid !== value.metadata.uid) return undefined;
    const [before, now] = [(previous as unknown as Pod).spec.nodeName, (value as unknown as Pod).spec.nodeName];
    return before && before !== now ? `${key}: was bound to ${before}, and is bound to ${now}` : undefined;
  },
};
