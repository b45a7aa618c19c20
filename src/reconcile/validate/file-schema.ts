// Files of jibe's own, in YAML, against their schemas: what is wrong, where, and what to write. A pattern's `description` says in words what
// it stands for (`is not …`), and its `examples` what may be written.
import { pointerTokens } from '../../apimachinery/json/pointer.ts';
import type { ErrorObject } from 'ajv';
import type { JsonObject } from '../../apimachinery/object.ts';
import type { YamlFault } from '../../apimachinery/yaml/tree.ts';
import { closest } from '../closest.ts';
import { fieldPath, type ManifestError } from '../render/manifest-error.ts';
import { Lines, positionsIn } from '../render/positions.ts';

export const textSchema = { type: 'string', minLength: 1 } as const;
export const textsSchema = { type: 'array', items: textSchema } as const;
export const durationSchema = {
  type: 'string',
  pattern: '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$',
  description: 'a duration',
  examples: ['90s', '5m', '1h30m'],
} as const;
export const nameSchema = {
  type: 'string',
  pattern: '^[a-z0-9]([-a-z0-9.]{0,48}[a-z0-9])?$',
  description: 'a name: lower-case letters, digits, dots and dashes, at most 50',
} as const;

export const objectSchema = (properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

/** What is wrong with a file as YAML. */
export function yamlErrors(faults: readonly YamlFault[], text: string, file: string): readonly ManifestError[] {
  const lines = new Lines(text);
  return faults.map(({ offset, path, message, hint }) => ({
    file,
    ...lines.at(offset),
    path: fieldPath(path),
    message,
    ...(hint ? { hint } : {}),
  }));
}

/** @param value what the text holds */
export async function schemaErrors(schema: JsonObject, value: unknown, text: string, file: string): Promise<readonly ManifestError[]> {
  const { Ajv } = await import('./ajv.ts');
  const validate = new Ajv({ allErrors: true, verbose: true }).compile(schema);
  if (validate(value)) return [];
  const told = (validate.errors ?? []).map(inWords);
  const positions = await positionsIn(text, told);
  return told.map(({ at, message, hint }, i) => ({ file, ...positions[i]!, path: fieldPath(at), message, ...(hint ? { hint } : {}) }));
}

function inWords(error: ErrorObject): { readonly at: readonly (string | number)[]; readonly message: string; readonly hint?: string } {
  const at = pointerTokens(error.instancePath).map((token) => (/^\d+$/.test(token) ? Number(token) : token));
  const params = error.params as Readonly<Record<string, string>>;
  if (error.keyword === 'additionalProperties') {
    const field = params.additionalProperty!;
    const known = Object.keys((error.parentSchema as { readonly properties: object }).properties);
    const similar = closest(field, known);
    return {
      at: [...at, field],
      message: `unknown field ${JSON.stringify(field)}`,
      hint: similar ? `did you mean ${similar}?` : `known are ${known.join(', ')}`,
    };
  }
  if (error.keyword === 'required') return { at: [...at, params.missingProperty!], message: 'is required' };
  const { description, examples } = error.parentSchema as { readonly description?: string; readonly examples?: readonly string[] };
  if (error.keyword === 'pattern' && description !== undefined)
    return {
      at,
      message: `is not ${description}`,
      ...(examples ? { hint: `write ${examples.slice(0, -1).join(', ')} or ${examples.at(-1)!}` } : {}),
    };
  if (error.keyword === 'enum') return { at, message: `must be one of ${(error.schema as readonly unknown[]).join(', ')}` };
  return { at, message: error.message ?? 'is not valid' };
}

/** Items of a list whose names were given before. @param at the way to the list */
export async function repeatedNames(
  items: readonly JsonObject[],
  at: readonly string[],
  text: string,
  file: string,
  what: string,
): Promise<readonly ManifestError[]> {
  const seen = new Set<unknown>();
  const repeated = items.flatMap(({ name }, i) => {
    const isRepeated = name !== undefined && seen.has(name);
    seen.add(name);
    return isRepeated ? [{ at: [...at, i, 'name'] }] : [];
  });
  const positions = repeated.length > 0 ? await positionsIn(text, repeated) : [];
  return repeated.map((one, i) => ({
    file,
    ...positions[i]!,
    path: fieldPath(one.at),
    message: `another ${what} has this name`,
    hint: 'rename one of them',
  }));
}
