// Which objects belong to a controller's object, found through an index instead of a search: those that name it as their controller, and
// the orphans of its namespace, which it may adopt.
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { controllerOf } from '../../../apimachinery/owner-reference.ts';
import type { Informer } from '../../../client/informer.ts';

const BY_CONTROLLER = 'controller';

type Indexed = { readonly metadata: KubernetesObject['metadata'] };

/** Must be called before the informer starts. */
export function indexByController<T extends Indexed>(informer: Informer<T>): void {
  informer.addIndex(BY_CONTROLLER, (object) => {
    const controller = controllerOf(object);
    return [controller ? controller.uid : `orphan/${object.metadata.namespace ?? ''}`];
  });
}

/** Objects that name the owner as their controller. */
export function ownedBy<T extends Indexed>(informer: Informer<T>, uid: string): T[] {
  return [...informer.byIndex(BY_CONTROLLER, uid)];
}

/** Objects of a namespace that nobody controls. */
export function orphansIn<T extends Indexed>(informer: Informer<T>, namespace: string): Iterable<T> {
  return informer.byIndex(BY_CONTROLLER, `orphan/${namespace}`);
}
