// The bound on how many managers an object remembers for updates.
//
// Follows managedfields/internal/capmanagers.go.
import { managerIdentifier, type Managed } from './managed-fields.ts';
import { compareText } from './path-element.ts';

/** Appliers do not count. */
const MAX_UPDATE_MANAGERS = 10;

const OLD_UPDATES = 'ancient-changes';

/** Merges the oldest updaters, those of a version together, until there are no more than ten. */
export function capUpdateManagers({ managers, times }: Managed): Managed {
  const updaters = [...managers].filter(([, { applied }]) => !applied).map(([id]) => id);
  if (updaters.length <= MAX_UPDATE_MANAGERS) return { managers, times };
  updaters.sort((a, b) => compareText(times.get(a) ?? '', times.get(b) ?? '') || compareText(a, b));
  const owners = new Map(managers);
  const at = new Map(times);
  // merging begins with the second of a version: the first takes the bucket's name only then
  const firstOf = new Map<string, string>();
  let left = updaters.length;
  for (const id of updaters) {
    if (left <= MAX_UPDATE_MANAGERS) break;
    const owned = owners.get(id)!;
    const { apiVersion } = owned;
    const first = firstOf.get(apiVersion);
    if (first === undefined) {
      firstOf.set(apiVersion, id);
      continue;
    }
    const bucket = managerIdentifier({ manager: OLD_UPDATES, operation: 'Update', apiVersion });
    if (!owners.has(bucket)) {
      owners.set(bucket, owners.get(first)!);
      owners.delete(first);
    }
    owners.set(bucket, { ...owned, set: owned.set.union(owners.get(bucket)!.set) });
    owners.delete(id);
    left--;
    const time = times.get(id);
    if (time) at.set(bucket, time);
    else at.delete(bucket);
  }
  return { managers: owners, times: at };
}
