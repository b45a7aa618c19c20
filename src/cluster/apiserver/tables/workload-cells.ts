// Cells that the tables of several workloads have in common. Follows pkg/printers/internalversion.
import type { PodSpec } from '#api/core/v1';
import type { LabelSelector as LabelSelectorSpec } from '#api/meta/v1';
import { LabelSelector, SelectorError } from '../../../apimachinery/label-selector.ts';
import type { Column } from './table.ts';

export const NAME: Column = { name: 'Name', type: 'string', format: 'name', description: 'Name must be unique within a namespace.' };
export const AGE: Column = { name: 'Age', type: 'string', description: 'Time since the object was created.' };

export const CONTAINERS: readonly Column[] = [
  { name: 'Containers', type: 'string', description: 'Names of each container in the template.', priority: 1 },
  { name: 'Images', type: 'string', description: 'Images referenced by each container in the template.', priority: 1 },
];
export const SELECTOR: Column = {
  name: 'Selector',
  type: 'string',
  description: 'Label query over the pods that belong to the object.',
  priority: 1,
};

export const counts = (names: readonly (readonly [name: string, description: string])[]): Column[] =>
  names.map(([name, description]) => ({ name, type: 'integer', description }));

/** Names and images, each as a list with commas. */
export function containerCells(spec: PodSpec | undefined): [string, string] {
  const containers = spec?.containers ?? [];
  return [containers.map((c) => c.name).join(','), containers.map((c) => c.image ?? '').join(',')];
}

/** `<none>` where there is none, or it selects everything. */
export function selectorCell(selector: LabelSelectorSpec | undefined): string {
  if (!selector) return '<none>';
  try {
    return LabelSelector.fromSpec(selector).toString() || '<none>';
  } catch (error) {
    if (error instanceof SelectorError) return '<error>';
    throw error;
  }
}

export const labelsCell = (labels: Readonly<Record<string, string>> | undefined): string =>
  LabelSelector.fromSet(labels).toString() || '<none>';
