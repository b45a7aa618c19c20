// Tables as they are written in the files beside this one: columns as pairs of name and description, cells from the kind's own type.
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import type { Cell, Column, Columns } from './table.ts';

/** The catalog puts columns and objects together by kind, so the types are right. */
export function columnsOf<T>(columns: readonly Column[], cells: CellsOf<T>): Columns {
  return { columns, cells: (object: KubernetesObject, now) => cells(object as unknown as T, now) };
}

type CellsOf<T> = (object: T, now: number) => readonly Cell[];

export const text = (name: string, description: string): Column => ({ name, type: 'string', description });
export const integer = (name: string, description: string): Column => ({ name, type: 'integer', description });
export const flag = (name: string, description: string): Column => ({ name, type: 'boolean', description });
/** Shown only where there is room. */
export const wide = (name: string, description: string): Column => ({ name, type: 'string', description, priority: 1 });

export const UNSET = '<unset>';
export const NONE = '<none>';
export const UNKNOWN = '<unknown>';

/** The first few, and how many there are besides: `a,b,c + 2 more...`. */
export function shortened(items: readonly string[], max: number, separator = ','): string {
  const shown = items.slice(0, max).join(separator);
  return items.length > max ? `${shown} + ${items.length - max} more...` : shown;
}
