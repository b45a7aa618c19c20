// The templates of ApplicationSets without goTemplate: `{{ name }}` in any text of a value stands for a parameter. What is no parameter
// is left as it stands.
import { isObject } from '../../apimachinery/object.ts';

export type Parameters = Readonly<Record<string, string>>;

/** Puts parameters into all texts of a value, keys of mappings too. */
export function fill<T>(value: T, parameters: Parameters): T {
  if (typeof value === 'string')
    return value.replace(/\{\{(.*?)\}\}/gs, (all: string, tag: string) =>
      Object.hasOwn(parameters, tag.trim()) ? parameters[tag.trim()]! : all,
    ) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => fill(item, parameters)) as T;
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [fill(key, parameters), fill(inner, parameters)])) as T;
}
