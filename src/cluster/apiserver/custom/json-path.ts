// The JSONPaths of custom resource definitions: simple ones (`.spec.replicas`) that name one field, and those of printer columns, which
// may also walk lists. Follows client-go's util/jsonpath as far as columns need it: fields, indices, slices, `*`, `..name` and filters
// that compare a field with a literal.
import { isObject } from '../../../apimachinery/object.ts';

/** `.spec.tier.name` → its names. */
export const simplePath = (path: string): readonly string[] => path.slice(1).split('.');

export function valueAt(object: unknown, path: readonly string[]): unknown {
  let value = object;
  for (const name of path) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

type Step = (values: readonly unknown[]) => readonly unknown[];

export interface JsonPath {
  /** All values that the path leads to. */
  find(object: unknown): readonly unknown[];
}

/** Undefined where the path makes no sense. @param text without braces: `.status.conditions[?(@.type=="Ready")].status` */
export function parseJsonPath(text: string): JsonPath | undefined {
  const steps: Step[] = [];
  let rest = text;
  while (rest !== '') {
    const read = field(rest) ?? brackets(rest);
    if (!read) return undefined;
    steps.push(read.step);
    rest = rest.slice(read.length);
  }
  return { find: (object) => steps.reduce((values, step) => step(values), [object] as readonly unknown[]) };
}

interface Read {
  readonly step: Step;
  readonly length: number;
}

const child =
  (name: string): Step =>
  (values) =>
    values.flatMap((v) => (isObject(v) && Object.hasOwn(v, name) ? [v[name]] : []));

const all: Step = (values) => values.flatMap((v) => (Array.isArray(v) ? (v as unknown[]) : isObject(v) ? Object.values(v) : []));

/** A value and all that lies below it. */
const descend: Step = (values) =>
  values.flatMap((v) => [v, ...descend(Array.isArray(v) ? (v as unknown[]) : isObject(v) ? Object.values(v) : [])]);

function field(text: string): Read | undefined {
  const match = /^(\.\.?)(\*|(?:[^.[\]\\*]|\\.)+)?/.exec(text);
  if (!match) return undefined;
  const [whole, dots, name] = match;
  if (name === undefined) return dots === '.' && (whole === text || text[1] === '[') ? { step: (v) => v, length: 1 } : undefined;
  const own = name === '*' ? all : child(name.replace(/\\(.)/g, '$1'));
  return { step: dots === '..' ? (values) => own(descend(values)) : own, length: whole.length };
}

function brackets(text: string): Read | undefined {
  const filter = /^\[\?\(\s*@((?:\.[^=!<>\s]+)?)\s*(?:(==|!=|<=|>=|<|>)\s*("[^"]*"|'[^']*'|[^)\s]+)\s*)?\)\]/.exec(text);
  if (filter) {
    const [whole, path = '', operator, literal] = filter;
    const inner = parseJsonPath(path);
    return inner && { step: filterStep(inner, operator, literal), length: whole.length };
  }
  const quoted = /^\[\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\]/.exec(text);
  if (quoted) return { step: child((quoted[1] ?? quoted[2])!.replace(/\\(.)/g, '$1')), length: quoted[0].length };
  const star = /^\[\*?\]/.exec(text);
  if (star) return { step: all, length: star[0].length };
  const range = /^\[(-?\d*)(?:(:)(-?\d*)(?::(\d+))?)?\]/.exec(text);
  if (!range) return undefined;
  const [whole, from, colon, to, by] = range;
  return { step: indexStep(from!, colon !== undefined, to ?? '', Number(by ?? 1)), length: whole.length };
}

function indexStep(from: string, isRange: boolean, to: string, by: number): Step {
  return (values) =>
    values.flatMap((v) => {
      if (!Array.isArray(v)) return [];
      const list = v as readonly unknown[];
      const place = (text: string, otherwise: number): number =>
        text === '' ? otherwise : Number(text) < 0 ? list.length + Number(text) : Number(text);
      if (!isRange) {
        const i = place(from, 0);
        return i >= 0 && i < list.length ? [list[i]] : [];
      }
      return list.slice(place(from, 0), place(to, list.length)).filter((_, i) => i % by === 0);
    });
}

function filterStep(path: JsonPath, operator: string | undefined, literal: string | undefined): Step {
  const wanted =
    literal === undefined
      ? undefined
      : /^["']/.test(literal)
        ? literal.slice(1, -1)
        : literal === 'true'
          ? true
          : literal === 'false'
            ? false
            : Number(literal);
  const fits = (value: unknown): boolean => {
    if (operator === undefined) return true;
    if (typeof value !== typeof wanted) return false;
    const [a, b] = [value as string | number, wanted as string | number];
    switch (operator) {
      case '==':
        return a === b;
      case '!=':
        return a !== b;
      case '<':
        return a < b;
      case '<=':
        return a <= b;
      case '>':
        return a > b;
      default:
        return a >= b;
    }
  };
  return (values) =>
    values.flatMap((v) => {
      const items = Array.isArray(v) ? (v as unknown[]) : isObject(v) ? Object.values(v) : [];
      return items.filter((item) => {
        const [first] = path.find(item);
        return first !== undefined && fits(first);
      });
    });
}
