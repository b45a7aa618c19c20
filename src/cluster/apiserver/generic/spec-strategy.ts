// What kinds with a spec and a status mostly have in common: the status is the server's, and a changed spec is a new generation.
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { bumpGeneration } from './generation.ts';
import type { Draft, Strategy } from './resource-definition.ts';
import { keep } from './status-strategy.ts';

/** @param fields those that a new generation is reckoned by */
export function specStrategy({
  status,
  fields = ['spec'],
}: {
  /** What a new object has; absent where the kind has no status. */
  readonly status?: object;
  readonly fields?: string[];
}): Pick<Strategy, 'prepareForCreate' | 'prepareForUpdate' | 'resetFields'> {
  return {
    ...(status ? { resetFields: [['status']] } : {}),
    prepareForCreate(object: Draft) {
      if (status) object['status'] = { ...status };
      object.metadata.generation = 1;
    },
    prepareForUpdate(object: Draft, old: KubernetesObject) {
      if (status) keep(object, old, 'status');
      bumpGeneration(object, old, fields);
    },
  };
}
