// What the strategies of all kinds with a pod template in their spec have in common: the status is the server's, the generation counts
// changes of the spec, fields behind closed gates are dropped, and warnings are those of the template.
import type { PodTemplateSpec } from '#api/core/v1';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { templateWithoutDisabledFields } from '../pod/disabled-fields.ts';
import { bumpGeneration } from './generation.ts';
import type { Draft } from './resource-definition.ts';
import { keep } from './status-strategy.ts';

interface WithTemplate {
  readonly spec: { readonly template?: PodTemplateSpec };
}

/** @param status what the kind's status is when there is nothing to say: fields that are always there */
export function prepareTemplateCreate(object: Draft, status: object = {}): void {
  object['status'] = status;
  object.metadata.generation = 1;
  dropDisabledFields(object, undefined);
}

export function prepareTemplateUpdate(object: Draft, old: KubernetesObject): void {
  keep(object, old, 'status');
  dropDisabledFields(object, old);
  bumpGeneration(object, old);
}

function dropDisabledFields(object: Draft, old: KubernetesObject | undefined): void {
  const { spec } = object as unknown as WithTemplate;
  const before = (old as unknown as WithTemplate | undefined)?.spec.template;
  if (!spec.template) return;
  const template = templateWithoutDisabledFields(spec.template, before);
  if (template !== spec.template) object['spec'] = { ...spec, template };
}
