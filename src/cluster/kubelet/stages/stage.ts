// kwok's Stage (kwok.x-k8s.io/v1alpha1): which objects it is for, when it comes, and what it then does to them. Reads and checks a
// manifest; what is not supported is refused here and never passed over. Follows kwok's pkg/utils/lifecycle.
import type { Node, Pod } from '#api/core/v1';
import { GoTemplate } from '../../../apimachinery/go-template/template.ts';
import { TemplateError } from '../../../apimachinery/go-template/template-error.ts';
import type { TemplateFunctions } from '../../../apimachinery/go-template/signature.ts';
import { Fields } from './fields.ts';
import { readDelay, readWeight, type Delay, type Weight } from './stage-timing.ts';
import { readSelector, type StageSelector } from './stage-selector.ts';

export const STAGE_API_VERSION = 'kwok.x-k8s.io/v1alpha1';

/** What Stages may be for. */
export type StagedKind = 'Pod' | 'Node';
export type StagedObject = Pod | Node;

export interface Stage {
  readonly name: string;
  readonly kind: StagedKind;
  readonly selector: StageSelector;
  readonly weight: Weight;
  readonly delay: Delay;
  readonly steps: readonly StageStep[];
  /** What comes next is looked for in what the API server answered, without waiting to be told. */
  readonly immediateNextStage: boolean;
}

/** One thing that a Stage does. */
export type StageStep =
  | { readonly do: 'event'; readonly type: string; readonly reason: string; readonly message: string }
  | { readonly do: 'finalizers'; readonly add: readonly string[]; readonly remove: readonly string[]; readonly empty: boolean }
  | { readonly do: 'delete' }
  | {
      readonly do: 'patch';
      readonly type: 'json' | 'merge' | 'strategic';
      readonly subresource: string;
      /** The field that the patch is about; empty: the whole object. */
      readonly root: string;
      readonly template: GoTemplate;
    };

/**
 * @param functions that its templates may call
 * @returns undefined for a Stage without selector: kwok plays none such. Throws a StageError.
 */
export function readStage(value: unknown, functions: TemplateFunctions): Stage | undefined {
  const stage = new Fields(value, []).only('apiVersion', 'kind', 'metadata', 'spec', 'status');
  const metadata = stage.fields('metadata');
  const name = metadata?.text('name');
  if (!metadata || !name) throw stage.error('metadata', 'must have a name');
  const spec = stage.fields('spec');
  if (!spec) throw stage.error('spec', 'is missing');
  spec.only('resourceRef', 'selector', 'weight', 'weightFrom', 'delay', 'next', 'immediateNextStage', 'steps');
  const kind = readKind(spec);
  const selector = spec.fields('selector');
  const read = {
    name,
    kind,
    weight: readWeight(spec),
    delay: readDelay(spec.fields('delay')),
    steps: readSteps(spec, functions),
    immediateNextStage: spec.boolean('immediateNextStage') ?? false,
  };
  return selector && { ...read, selector: readSelector(selector) };
}

/** Whether an object is meant to be a Stage, of whatever version. */
export const isStage = ({ apiVersion, kind }: Readonly<Record<string, unknown>>): boolean =>
  kind === 'Stage' && typeof apiVersion === 'string' && apiVersion.startsWith('kwok.x-k8s.io/');

function readKind(spec: Fields): StagedKind {
  const ref = spec.fields('resourceRef')?.only('apiGroup', 'kind');
  if (!ref) throw spec.error('resourceRef', 'is missing');
  const [group, kind] = [ref.text('apiGroup') ?? 'v1', ref.text('kind')];
  if ((group === 'v1' || group === '') && (kind === 'Pod' || kind === 'Node')) return kind;
  throw ref.error('kind', `only Stages for the kinds Pod and Node of v1 are played here, not for ${group}/${kind ?? ''}`);
}

function readSteps(spec: Fields, functions: TemplateFunctions): readonly StageStep[] {
  const steps = spec.list('steps').flatMap((step) => readStep(step, functions));
  if (steps.length > 0) return steps;
  const next = spec.fields('next');
  if (!next) return [];
  next.only('event', 'finalizers', 'delete', 'patches', 'statusTemplate', 'statusSubresource', 'statusPatchAs');
  next.refuse('statusPatchAs', AS_ANOTHER);
  const patches = next.list('patches').map((patch) => readPatch(patch, functions));
  const template = next.text('statusTemplate');
  if (patches.length === 0 && template)
    patches.push({
      do: 'patch',
      type: 'strategic',
      subresource: next.text('statusSubresource') ?? 'status',
      root: 'status',
      template: readTemplate(next, 'statusTemplate', template, functions),
    });
  return [...readEvent(next), ...readFinalizers(next), ...patches, ...readDelete(next)];
}

const AS_ANOTHER = 'is not supported: Stages are played by the cluster itself, under no other name';

/** In the order in which kwok does what one step holds. */
function readStep(step: Fields, functions: TemplateFunctions): readonly StageStep[] {
  step.only('event', 'finalizers', 'delete', 'patch', 'apply').refuse('apply', 'is not supported: only the object itself can be changed');
  const patch = step.fields('patch');
  const deletes = readDelete(step);
  return [...readEvent(step), ...readFinalizers(step), ...deletes, ...(patch && deletes.length === 0 ? [readPatch(patch, functions)] : [])];
}

const readDelete = (of: Fields): readonly StageStep[] => (of.boolean('delete') ? [{ do: 'delete' }] : []);

function readEvent(of: Fields): readonly StageStep[] {
  const event = of.fields('event')?.only('type', 'reason', 'message');
  if (!event) return [];
  return [{ do: 'event', type: event.text('type') ?? 'Normal', reason: event.text('reason') ?? '', message: event.text('message') ?? '' }];
}

function readFinalizers(of: Fields): readonly StageStep[] {
  const finalizers = of.fields('finalizers')?.only('add', 'remove', 'empty');
  if (!finalizers) return [];
  const values = (name: string): readonly string[] =>
    finalizers.list(name).map((item) => {
      const value = item.only('value').text('value');
      if (!value) throw item.error('value', 'is missing');
      return value;
    });
  return [{ do: 'finalizers', add: values('add'), remove: values('remove'), empty: finalizers.boolean('empty') ?? false }];
}

const PATCH_TYPES = ['json', 'merge', 'strategic'] as const;

function readPatch(patch: Fields, functions: TemplateFunctions): Extract<StageStep, { readonly do: 'patch' }> {
  patch.only('subresource', 'root', 'template', 'type', 'impersonation').refuse('impersonation', AS_ANOTHER);
  const given = patch.text('type') ?? 'strategic';
  const type = PATCH_TYPES.find((known) => known === given);
  if (!type) throw patch.error('type', `must be one of ${PATCH_TYPES.join(', ')}`);
  return {
    do: 'patch',
    type,
    subresource: patch.text('subresource') ?? '',
    root: patch.text('root') ?? '',
    template: readTemplate(patch, 'template', patch.text('template') ?? '', functions),
  };
}

function readTemplate(of: Fields, name: string, text: string, functions: TemplateFunctions): GoTemplate {
  try {
    return new GoTemplate(text, functions);
  } catch (error) {
    if (error instanceof TemplateError) throw of.error(name, error.message, error);
    throw error;
  }
}
