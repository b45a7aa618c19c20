// metadata.generation: counts the changes of what a client asks for.
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { semanticEqual } from '../validation/object-meta.ts';
import type { Draft } from './resource-definition.ts';

/** One more than before if any of the fields differs. */
export function bumpGeneration(object: Draft, old: KubernetesObject, fields: readonly string[] = ['spec']): void {
  if (fields.some((f) => !semanticEqual(object[f], old[f]))) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}
