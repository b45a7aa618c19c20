// Behaviour files that people name on the command line: documents of our own format (docs/node.md) and kwok's Stages, in any mixture.
import { Flags } from '@oclif/core';
import type { BehaviourDocument } from '../../cluster/cluster.ts';
import { isObject } from '../../apimachinery/object.ts';
import { CannotDo } from './failure.ts';
import { readTextFile } from './text-file.ts';

export const behaviourFlag = (more: { readonly description?: string; readonly helpGroup?: string } = {}) =>
  Flags.string({
    summary: 'How images start, fail and stop: a behaviour document, or kwok Stages (docs/node.md).',
    helpValue: 'FILE',
    ...more,
  });

interface Part {
  readonly value: Readonly<Record<string, unknown>>;
  /** Where the value begins: the document's text, its first line in the file, and the way to the value within it. */
  readonly text: string;
  readonly line: number;
  readonly at: readonly (string | number)[];
}

/** All documents of the file as one: rules in their order. Throws a CannotDo that names the place of what is wrong. */
export async function readBehaviour(file: string): Promise<BehaviourDocument> {
  const { checkBehaviours, isStage } = await import('../../cluster/cluster.ts');
  const parts = await partsOf(file);
  if (parts.length === 0) throw new CannotDo(`${file}: holds no document`, HINT);
  let whole: BehaviourDocument = { rules: [] };
  for (const part of parts) {
    const alone = isStage(part.value);
    const document = alone ? { rules: [], stages: [part.value] } : part.value;
    const wrong = checkBehaviours(document);
    if (wrong) throw await misplaced(file, part, alone ? wrong.path.slice(2) : wrong.path, wrong.message);
    const { rules, stages = [], ...rest } = document as unknown as BehaviourDocument;
    whole = { ...whole, ...rest, rules: [...whole.rules, ...rules], stages: [...(whole.stages ?? []), ...stages] };
  }
  return whole;
}

const HINT = 'a behaviour file holds documents with a list of rules, or Stages of kwok, see docs/node.md';

async function partsOf(file: string): Promise<readonly Part[]> {
  const [{ readYaml }, { splitYaml }] = await Promise.all([
    import('../../apimachinery/yaml/read.ts'),
    import('../../apimachinery/yaml/documents.ts'),
  ]);
  const parts: Part[] = [];
  for (const { text, line } of splitYaml(readTextFile(file))) {
    const read = await readYaml(text);
    if (read.faults) {
      const { Lines } = await import('../../reconcile/render/positions.ts');
      const at = new Lines(text).at(read.faults[0]!.offset);
      throw new CannotDo(`${file}:${line + at.line - 1}:${at.column}: ${read.faults[0]!.message}`, HINT);
    }
    const { value } = read;
    if (value === null || value === undefined) continue;
    const part = { value: isObject(value) ? value : {}, text, line, at: [] };
    if (isObject(value) && value['kind'] === 'List' && Array.isArray(value['items']))
      for (const [i, item] of value['items'].entries()) parts.push({ ...part, value: isObject(item) ? item : {}, at: ['items', i] });
    else parts.push(part);
  }
  return parts;
}

async function misplaced(file: string, part: Part, path: readonly (string | number)[], message: string): Promise<CannotDo> {
  const { positionsIn } = await import('../../reconcile/render/positions.ts');
  const [position] = await positionsIn(part.text, [{ at: [...part.at, ...path] }]);
  return new CannotDo(`${file}:${part.line + position!.line - 1}:${position!.column}: ${message}`, HINT);
}
