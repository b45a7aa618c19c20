// The values of a chart against its values.schema.json, those of its dependencies too. A schema is a stranger's: its patterns are matched
// in linear time, and nothing that it refers to is fetched.
//
// DEVIATION: Helm fetches what a schema refers to elsewhere; here such a schema is not applied, which is told.
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { pointerTokens } from '../../../apimachinery/json/pointer.ts';
import { setKey } from '../../../apimachinery/json/parse.ts';
import { compileRegexp } from '../../../apimachinery/regexp.ts';
import type { ErrorObject } from 'ajv';
import { fieldPath, type ManifestError } from '../manifest-error.ts';
import { decodeText } from '../text.ts';
import type { Chart } from './chart.ts';
import { ChartError, placeOf, type PlaceSaid } from './chart-error.ts';
import type { ChartFile } from './chart-files.ts';
import { readMapping } from './chart-yaml.ts';
import type { ValuesFile } from './values.ts';

/** What is wrong, and what could not be looked at. Throws a ChartError for a schema that is none. */
export async function schemaFaults(
  chart: Chart,
  values: JsonObject,
  files: readonly ValuesFile[],
  placeSaid: PlaceSaid | undefined,
): Promise<{ readonly errors: readonly ManifestError[]; readonly warnings: readonly ManifestError[] }> {
  const errors: ManifestError[] = [];
  const warnings: ManifestError[] = [];
  /** @param above names under which the chart's values stand in those of its parents, with the files that may say them */
  const look = async (at: Chart, own: JsonObject, said: readonly Said[]): Promise<void> => {
    const here = at.valuesFile ? [{ file: at.valuesFile, below: [] }, ...said] : said;
    if (at.schema) {
      const found = await faultsOf(at.schema, own);
      if (found.unfetched !== undefined)
        warnings.push({
          file: at.schema.path,
          line: 1,
          column: 1,
          path: '',
          message: `values are not checked: the schema refers to ${found.unfetched}, and nothing is fetched`,
        });
      for (const fault of found.errors) errors.push(await placed(fault, here, at.schema, at.metadata.name, placeSaid));
    }
    for (const dependency of at.dependencies) {
      const { name } = dependency.metadata;
      const inner = Object.hasOwn(own, name) && isObject(own[name]) ? own[name] : {};
      await look(
        dependency,
        inner,
        here.map(({ file, below }) => ({ file, below: [...below, name] })),
      );
    }
  };
  await look(
    chart,
    values,
    files.map((file) => ({ file, below: [] })),
  );
  return { errors, warnings };
}

/** A file of values, and under which names it says those of a chart. The last one counts. */
interface Said {
  readonly file: ValuesFile;
  readonly below: readonly string[];
}

async function faultsOf(
  file: ChartFile,
  values: JsonObject,
): Promise<{ readonly errors: readonly ErrorObject[]; readonly unfetched?: string }> {
  const decoded = decodeText(file.bytes);
  const { Ajv, Ajv2019, Ajv2020 } = await import('../../validate/ajv.ts');
  const options = {
    allErrors: true,
    strict: false,
    validateSchema: false,
    validateFormats: false,
    logger: false,
    // values are looked at once: to make the code better takes longer than to run it
    code: { optimize: false, regExp: Object.assign(linearRegExp, { code: 'linearRegExp' }) },
  } as const;
  try {
    const schema: unknown = decoded.fault ? undefined : JSON.parse(decoded.text);
    if (typeof schema !== 'boolean' && !isObject(schema)) throw new Error('it is no JSON object');
    const draft = isObject(schema) ? String(schema.$schema ?? '') : '';
    const Validator = /draft-0\d/.test(draft) ? Ajv : draft.includes('2019-09') ? Ajv2019 : Ajv2020;
    const prepared = isObject(schema) ? withoutDraft(/draft-0[1-4]/.test(draft) ? fromDraft4(schema) : schema) : schema;
    const validate = new Validator(options).compile(prepared as boolean | JsonObject);
    return validate(plainNumbers(values)) ? { errors: [] } : { errors: validate.errors ?? [] };
  } catch (error) {
    const { missingRef } = error as { readonly missingRef?: unknown };
    if (typeof missingRef === 'string' && /^https?:/.test(missingRef)) return { errors: [], unfetched: missingRef };
    throw new ChartError(`the schema cannot be used: ${(error as Error).message}`, { place: { file }, cause: error });
  }
}

/** Told apart by its text: equal ones are one to the validator. */
function linearRegExp(pattern: string): { test(text: string): boolean; toString(): string } {
  const regexp = compileRegexp(pattern);
  return { test: (text) => regexp.test(text), toString: () => pattern };
}

const withoutDraft = (schema: JsonObject): JsonObject => Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema'));

/** What the fourth draft of JSON Schema says otherwise than later ones. */
function fromDraft4(schema: unknown): JsonObject {
  const convert = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(convert);
    if (!isObject(value)) return value;
    const out: JsonObject = {};
    for (const [key, inner] of Object.entries(value)) setKey(out, key, convert(inner));
    for (const [bound, exclusive] of [
      ['minimum', 'exclusiveMinimum'],
      ['maximum', 'exclusiveMaximum'],
    ] as const)
      if (typeof out[exclusive] === 'boolean') {
        if (out[exclusive] && bound in out) {
          out[exclusive] = out[bound];
          delete out[bound];
        } else delete out[exclusive];
      }
    if (typeof out.id === 'string') {
      out.$id = out.id;
      delete out.id;
    }
    return out;
  };
  return convert(schema) as JsonObject;
}

/** Integers that --set made are numbers as any other to a schema. */
function plainNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plainNumbers);
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [key, inner] of Object.entries(value)) setKey(out, key, plainNumbers(inner));
  return out;
}

/** At the value, in the last file that has it; else where the schema stands. */
async function placed(
  error: ErrorObject,
  said: readonly Said[],
  schema: ChartFile,
  chart: string,
  placeSaid: PlaceSaid | undefined,
): Promise<ManifestError> {
  const at = pointerTokens(error.instancePath).map((token) => (/^\d+$/.test(token) ? Number(token) : token));
  const params = error.params as Readonly<Record<string, string>>;
  const isUnknown = error.keyword === 'additionalProperties';
  const field = isUnknown ? [...at, params.additionalProperty!] : at;
  const message = isUnknown
    ? `values of chart ${chart}: unknown value ${JSON.stringify(params.additionalProperty)}`
    : `values of chart ${chart}: ${at.length ? fieldPath(at) : 'they'} ${error.message ?? 'are not valid'}`;
  const hint = `see ${schema.path}`;
  for (const { file, below } of [...said].reverse()) {
    const way = [...below, ...field];
    if (way.length > 0 && has(await readMapping(file), way))
      return { ...(await placeOf({ file, at: way }, placeSaid)), path: placeSaid && file.said ? file.said : fieldPath(way), message, hint };
  }
  return { file: schema.path, line: 1, column: 1, path: fieldPath(field), message };
}

function has(value: unknown, way: readonly (string | number)[]): boolean {
  let at = value;
  for (const step of way) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return false;
    at = (at as Record<string | number, unknown>)[step];
  }
  return true;
}
