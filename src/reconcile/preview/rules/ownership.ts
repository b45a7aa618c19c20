// Objects that somebody else made and head takes over, and objects that another controller owns from then on.
import { appliedEntry } from '../../../apimachinery/apply/extract.ts';
import { controllerOf } from '../../../apimachinery/owner-reference.ts';
import { idOf, resourceText } from '../../plan/resource-id.ts';
import { FIELD_MANAGER } from '../../plan/scratch.ts';
import { listed, type Finding } from '../consequence.ts';
import type { Evidence, Rule } from '../evidence.ts';

export const ownership: Rule = (evidence) => [...takenOver(evidence), ...otherController(evidence)];

function takenOver({ plan, after }: Evidence): Finding[] {
  return plan.resources.flatMap(({ id, action, live, differences }): Finding[] => {
    if ((action !== 'configure' && action !== 'recreate') || !live || !after.find(id)) return [];
    if (appliedEntry(live.metadata.managedFields, FIELD_MANAGER)) return [];
    const managers = (live.metadata.managedFields ?? []).filter(({ subresource }) => !subresource);
    const names = [...new Set(managers.map(({ manager = '' }) => manager))];
    return [
      {
        severity: 'warning',
        type: 'OwnershipChange',
        reason: 'TakenOver',
        object: id,
        message: `${resourceText(id)} is there already${names.length ? `, made by ${listed(names)}` : ''}: from now on it belongs to this source${differences.length ? `, which changes ${listed(differences.map(({ path }) => path))}` : ''}`,
        remedy: 'make sure that nobody else applies it',
        fields: differences.map(({ path }) => path),
      },
    ];
  });
}

function otherController({ before, after }: Evidence): Finding[] {
  const byUid = new Map([...before.all()].map((object) => [object.metadata.uid, object]));
  return [...after.all()].flatMap((is): Finding[] => {
    const was = byUid.get(is.metadata.uid);
    if (!was || was === is) return [];
    const [from, to] = [controllerOf(was), controllerOf(is)];
    if (from?.uid === to?.uid || is.metadata.deletionTimestamp) return [];
    const name = (owner: typeof from): string => (owner ? `${owner.kind} ${owner.name}` : 'nobody');
    return [
      {
        severity: 'info',
        type: 'OwnershipChange',
        reason: 'Controller',
        object: idOf(is),
        message: `${resourceText(idOf(is))} belongs to ${name(to)} instead of ${name(from)}`,
      },
    ];
  });
}
