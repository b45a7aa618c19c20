// Which sources a service keeps, as a file says it (docs/serve.md): checked against a schema; everything that is wrong is told at once, with
// its place. Where it says nothing, whoever reads it decides.
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import { readYaml } from '../../apimachinery/yaml/read.ts';
import { Fields } from '../apps/fields.ts';
import { fieldPath, type ManifestError } from '../render/manifest-error.ts';
import { positionsIn } from '../render/positions.ts';
import {
  durationSchema,
  nameSchema,
  objectSchema,
  repeatedNames,
  schemaErrors,
  textSchema,
  textsSchema,
  yamlErrors,
} from '../validate/file-schema.ts';

/** The most bytes that the file may have, and sources in it. */
export const MAX_SERVE_FILE_BYTES = 1 << 20;
export const MAX_SOURCES = 200;

/** A source that the file names. What is undefined was not said. */
export interface ServedSource {
  readonly name: string | undefined;
  /** As it is written; a path is relative to the file. */
  readonly location: string;
  readonly ref: string | undefined;
  readonly path: string | undefined;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly app: string | undefined;
  readonly namespace: string | undefined;
  readonly intervalMs: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly prune: string | undefined;
  readonly selfHeal: boolean | undefined;
  readonly cluster: string | undefined;
  readonly context: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly verify: string | undefined;
  readonly trustedKeys: string | undefined;
}

export type ServeFile =
  | { readonly sources: readonly ServedSource[]; readonly errors?: undefined }
  | { readonly sources?: undefined; readonly errors: readonly ManifestError[] };

/** @param file its name, for errors */
export async function readServeFile(text: string, file: string): Promise<ServeFile> {
  if (text.length > MAX_SERVE_FILE_BYTES)
    return { errors: [{ file, line: 1, column: 1, path: '', message: `the file is larger than ${MAX_SERVE_FILE_BYTES} bytes` }] };
  const read = await readYaml(text);
  if (read.faults) return { errors: yamlErrors(read.faults, text, file) };
  const { value } = read;
  const errors = await schemaErrors(SERVE_SCHEMA, value, text, file);
  if (errors.length > 0 || !isObject(value)) return { errors };
  const items = value.sources as readonly JsonObject[];
  const faults = [...(await repeatedNames(items, ['sources'], text, file, 'source')), ...(await twoClusters(items, text, file))];
  return faults.length ? { errors: faults } : { sources: items.map(sourceOf) };
}

const flag = { type: 'boolean' } as const;

/** JSON schema of the file. */
export const SERVE_SCHEMA = objectSchema(
  {
    sources: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_SOURCES,
      items: objectSchema(
        {
          name: nameSchema,
          location: textSchema,
          ref: textSchema,
          path: textSchema,
          include: textsSchema,
          exclude: textsSchema,
          app: textSchema,
          namespace: textSchema,
          interval: durationSchema,
          timeout: durationSchema,
          prune: { enum: ['safe', 'all', 'none'] },
          selfHeal: flag,
          cluster: textSchema,
          context: textSchema,
          kubeconfig: textSchema,
          verify: { enum: ['gpg', 'ssh'] },
          trustedKeys: textSchema,
        },
        ['location'],
      ),
    },
  },
  ['sources'],
);

async function twoClusters(items: readonly JsonObject[], text: string, file: string): Promise<readonly ManifestError[]> {
  const wrong = items.flatMap(({ cluster, context, kubeconfig }, i) =>
    cluster !== undefined && (context ?? kubeconfig) !== undefined ? [{ at: ['sources', i, 'cluster'] }] : [],
  );
  const positions = await positionsIn(text, wrong);
  return wrong.map(({ at }, i) => ({
    file,
    ...positions[i]!,
    path: fieldPath(at),
    message: 'a source has one cluster: an embedded one (cluster), or a context of a kubeconfig',
    hint: 'leave one of them out',
  }));
}

function sourceOf(value: JsonObject, i: number): ServedSource {
  const source = new Fields(value, `sources[${i}]`, []);
  return {
    name: source.optionalString('name'),
    location: source.string('location'),
    ref: source.optionalString('ref'),
    path: source.optionalString('path'),
    include: source.strings('include'),
    exclude: source.strings('exclude'),
    app: source.optionalString('app'),
    namespace: source.optionalString('namespace'),
    intervalMs: source.duration('interval'),
    timeoutMs: source.duration('timeout'),
    prune: source.optionalString('prune'),
    selfHeal: source.has('selfHeal') ? source.boolean('selfHeal') : undefined,
    cluster: source.optionalString('cluster'),
    context: source.optionalString('context'),
    kubeconfig: source.optionalString('kubeconfig'),
    verify: source.optionalString('verify'),
    trustedKeys: source.optionalString('trustedKeys'),
  };
}
