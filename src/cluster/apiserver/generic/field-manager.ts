// Who owns which field of an object, as the handlers see it. The rules are in apimachinery/apply.
import type { JsonObject, KubernetesObject } from '../../../apimachinery/object.ts';
import type { Draft } from './resource-definition.ts';

export interface FieldManager {
  /** Records what a create, update or patch has changed. */
  update(live: KubernetesObject | undefined, object: Draft, manager: string): Draft;
  /**
   * Merges what an applier wants into the live object. Throws a StatusError: a conflict that names the other managers, or what is
   * wrong with the patch.
   */
  apply(live: KubernetesObject | undefined, patch: JsonObject, manager: string, force: boolean): Draft;
}
