// The two languages in which ApplicationSets are written: Go's templates with sprig's functions, over parameters that are nested, and the
// older one in which `{{ name }}` stands for a flat parameter and what is none is left as it stands.
import { counted, text as textOf } from '../../apimachinery/go-template/functions.ts';
import type { TemplateFunctions } from '../../apimachinery/go-template/signature.ts';
import { plainJson } from '../../apimachinery/go-template/plain-json.ts';
import { SPRIG } from '../../apimachinery/go-template/sprig.ts';
import { GoTemplate } from '../../apimachinery/go-template/template.ts';
import { fromJsonValue, integerOf } from '../../apimachinery/go-template/values.ts';
import { applyMergePatch } from '../../apimachinery/patch/merge-patch.ts';
import { FunctionError } from '../../apimachinery/go-template/template-error.ts';
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import { readPlain } from '../../apimachinery/yaml/plain.ts';
import { writeYaml } from '../../apimachinery/yaml/write.ts';

export type Parameters = Readonly<Record<string, unknown>>;

export type Combined =
  { readonly parameters: Parameters; readonly differing?: undefined } | { readonly differing: string; readonly parameters?: undefined };

export interface SetTemplate {
  readonly isGo: boolean;
  /** Puts parameters into one text. Throws a TemplateError. */
  fillText(text: string, parameters: Parameters): string;
  /** What a parameter that holds others reads like: nested, or each under its whole name. */
  nested(name: string, value: unknown): Parameters;
  /** Parameters of two generators, or the one that both give and not alike; where that may be, the first one's counts. */
  combined(first: Parameters, second: Parameters): Combined;
}

/** Puts parameters into all texts of a value, keys of mappings too. */
export function fill<T>(template: SetTemplate, value: T, parameters: Parameters): T {
  if (typeof value === 'string') return template.fillText(value, parameters) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => fill(template, item, parameters)) as T;
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [template.fillText(key, parameters), fill(template, inner, parameters)]),
  ) as T;
}

/** `{a: {b: 1}}` → `{'a.b': '1'}`; lists by their numbers. */
export function flattened(value: unknown, path = ''): Readonly<Record<string, string>> {
  if (isObject(value) || Array.isArray(value)) {
    const entries: readonly (readonly [string, unknown])[] = Object.entries(value);
    return Object.assign({}, ...entries.map(([key, inner]) => flattened(inner, path ? `${path}.${key}` : key))) as Readonly<
      Record<string, string>
    >;
  }
  return path ? { [path]: value === null ? '' : String(value as string | number) } : {};
}

export const fastTemplate: SetTemplate = {
  isGo: false,
  fillText: (text, parameters) =>
    text.replace(/\{\{(.*?)\}\}/gs, (all: string, tag: string) => {
      const value = Object.hasOwn(parameters, tag.trim()) ? parameters[tag.trim()] : undefined;
      return typeof value === 'string' ? value : all;
    }),
  nested: (name, value) => flattened(value, name),
  combined(first, second) {
    const differing = Object.keys(second).find((key) => key in first && first[key] !== second[key]);
    return differing === undefined ? { parameters: { ...first, ...second } } : { differing };
  },
};

/** @param options `missingkey=error`: a parameter that nobody gives is an error */
export function goTemplate(options: readonly string[]): SetTemplate {
  const strict = options.includes('missingkey=error');
  const parsed = new Map<string, GoTemplate>();
  return {
    isGo: true,
    fillText(text, parameters) {
      if (!text.includes('{{')) return text;
      let template = parsed.get(text);
      if (!template) {
        template = new GoTemplate(text, FUNCTIONS);
        parsed.set(text, template);
      }
      const filled = template.execute(parameters);
      if (strict && filled.includes(NO_VALUE)) throw new FunctionError(`${text} asks for a parameter that no generator gives`);
      return filled;
    },
    nested: (name, value) => ({ [name]: value }),
    combined: (first, second) => ({ parameters: applyMergePatch(second as JsonObject, first) as JsonObject }),
  };
}

/** What Go writes where there is no value. */
const NO_VALUE = '<no value>';

/** A name as Kubernetes takes it. */
export const sanitized = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^-a-z0-9.]/g, '-')
    .slice(0, 253)
    .replace(/^[-.]+|[-.]+$/g, '');

/** What Argo CD adds to sprig. */
const FUNCTIONS: TemplateFunctions = {
  ...SPRIG,
  normalize: (...args) => sanitized(textOf(counted(args, 1)[0])),
  slugify: (...args) => slug(args),
  toYaml: (...args) => writeYaml(plainJson(counted(args, 1)[0])).replace(/\n$/, ''),
  fromYaml: (...args) => fromYaml(textOf(counted(args, 1)[0])),
  fromYamlArray: (...args) => fromYaml(textOf(counted(args, 1)[0])),
};

/** `slugify [length] [smart] text`: at most 50 characters unless told otherwise, whole words if smart. */
function slug(args: readonly unknown[]): string {
  const rest = [...counted(args, 1, 3)];
  const text = textOf(rest.pop());
  const most = Number(integerOf(rest[0]) ?? 50);
  const words = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  if (words.length <= most) return words;
  const cut = words.slice(0, most);
  const smart = rest[1] === true && words[most] !== '-' && cut.includes('-');
  return (smart ? cut.slice(0, cut.lastIndexOf('-')) : cut).replace(/-+$/, '');
}

function fromYaml(text: string): unknown {
  const read = readPlain(text);
  if (!read) throw new FunctionError('the YAML cannot be read here: only plain values, mappings and lists can');
  return fromJsonValue(read.value, true);
}
