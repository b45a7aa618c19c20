// jibe.yaml: the apps of a repository as jibe itself writes them down. Checked against a schema; see docs/jibe-yaml.md.
import type { ErrorObject } from 'ajv';
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import { readYaml } from '../../apimachinery/yaml/read.ts';
import { closest } from '../closest.ts';
import { fieldPath, type ManifestError } from '../render/manifest-error.ts';
import { Lines, positionsIn } from '../render/positions.ts';
import { decodeText } from '../render/text.ts';
import type { Snapshot, SourceFile } from '../source/snapshot.ts';
import { NO_RETRY, plainApp, type App } from './app.ts';
import { Fields } from './fields.ts';
import { ignoreDifference } from './ignore-difference.ts';
import { NOTIFICATIONS_SCHEMA, readNotification } from './notifications.ts';
import { readWindow } from './windows.ts';
import type { NotificationTarget } from '../notify/target.ts';

export const JIBE_FILE = 'jibe.yaml';

/** The file at the root of what was opened; undefined where there is none. */
export const jibeFile = ({ files, path }: Snapshot): SourceFile | undefined =>
  files.find((file) => file.path === (path ? `${path}/${JIBE_FILE}` : JIBE_FILE));

export interface JibeFile {
  readonly apps: readonly App[];
  readonly notifications: readonly NotificationTarget[];
  readonly errors: readonly ManifestError[];
}

/** Undefined where the file is something else: it does not name apps, or it is a Kubernetes object. Throws a SourceError. */
export async function readJibeFile(file: SourceFile): Promise<JibeFile | undefined> {
  const decoded = decodeText(await file.read());
  if (decoded.fault) return { apps: [], notifications: [], errors: [{ file: file.path, path: '', ...decoded.fault }] };
  const { text } = decoded;
  const read = await readYaml(text);
  if (read.faults) {
    if (!/^apps:/m.test(text)) return undefined;
    const lines = new Lines(text);
    return {
      apps: [],
      notifications: [],
      errors: read.faults.map(({ offset, message, hint }) => ({
        file: file.path,
        ...lines.at(offset),
        path: '',
        message,
        ...(hint ? { hint } : {}),
      })),
    };
  }
  const { value } = read;
  if (!isObject(value) || !('apps' in value) || 'kind' in value) return undefined;
  const errors = await schemaErrors(value, text, file.path);
  if (errors.length) return { apps: [], notifications: [], errors };
  const items = value.apps as readonly JsonObject[];
  const places = await positionsIn(
    text,
    items.map((_, i) => ({ at: ['apps', i, 'name'] })),
  );
  const fields = items.flatMap(({ dependsOn }, i) => ((dependsOn ?? []) as unknown[]).map((_, n) => ({ at: ['apps', i, 'dependsOn', n] })));
  const positions = await positionsIn(text, fields);
  const placeOf = new Map(fields.map(({ at }, i) => [fieldPath(at), { file: file.path, ...positions[i]! }]));
  return {
    apps: items.map((item, i) => readApp(item, i, { file: file.path, ...places[i]! }, placeOf)),
    notifications: new Fields(value, '', []).inners('notifications').flatMap(readNotification),
    errors: await repeatedNames(items, text, file.path),
  };
}

const text = { type: 'string', minLength: 1 } as const;
const texts = { type: 'array', items: text } as const;
const duration = { type: 'string', pattern: '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$' } as const;
const object = (properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

/** JSON schema of the file. */
export const JIBE_SCHEMA = object(
  {
    apps: {
      type: 'array',
      items: object(
        {
          name: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9.]{0,48}[a-z0-9])?$' },
          source: object({ url: text, ref: text }),
          path: text,
          include: texts,
          exclude: texts,
          destination: object({ namespace: text }),
          dependsOn: texts,
          policies: object({
            prune: { type: 'boolean' },
            wait: { type: 'boolean' },
            suspend: { type: 'boolean' },
            selfHeal: { type: 'boolean' },
            windows: {
              type: 'array',
              items: object({ kind: { enum: ['allow', 'deny'] }, schedule: text, duration, timeZone: text }, [
                'kind',
                'schedule',
                'duration',
              ]),
            },
            createNamespace: { type: 'boolean' },
            verify: { enum: ['gpg', 'ssh'] },
            ignoreDifferences: {
              type: 'array',
              items: object(
                {
                  group: { type: 'string' },
                  kind: text,
                  name: text,
                  namespace: text,
                  jsonPointers: texts,
                  jqPathExpressions: texts,
                  managedFieldsManagers: texts,
                },
                ['kind'],
              ),
            },
            respectIgnoreDifferences: { type: 'boolean' },
            timeout: duration,
            retry: object({
              limit: { type: 'integer', minimum: 0, maximum: 100 },
              backoff: object({ duration, factor: { type: 'integer', minimum: 1 }, maxDuration: duration }),
            }),
          }),
        },
        ['name'],
      ),
    },
    notifications: NOTIFICATIONS_SCHEMA,
  },
  ['apps'],
);

async function schemaErrors(value: JsonObject, source: string, file: string): Promise<readonly ManifestError[]> {
  const { Ajv } = await import('../validate/ajv.ts');
  const validate = new Ajv({ allErrors: true, verbose: true }).compile(JIBE_SCHEMA);
  if (validate(value)) return [];
  const told = (validate.errors ?? []).map(inWords);
  const positions = await positionsIn(source, told);
  return told.map(({ at, message, hint }, i) => ({ file, ...positions[i]!, path: fieldPath(at), message, ...(hint ? { hint } : {}) }));
}

function inWords(error: ErrorObject): { readonly at: readonly (string | number)[]; readonly message: string; readonly hint?: string } {
  const at = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~')));
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
  if (error.keyword === 'pattern')
    return {
      at,
      message: at.at(-1) === 'name' ? 'is no name: lower-case letters, digits, dots and dashes, at most 50' : 'is not a duration',
      ...(at.at(-1) === 'name' ? {} : { hint: 'write 90s, 5m or 1h30m' }),
    };
  return { at, message: error.message ?? 'is not valid' };
}

async function repeatedNames(items: readonly JsonObject[], source: string, file: string): Promise<readonly ManifestError[]> {
  const repeated = items.flatMap(({ name }, i) =>
    items.findIndex((other) => other.name === name) < i ? [{ at: ['apps', i, 'name'] }] : [],
  );
  const positions = await positionsIn(source, repeated);
  return repeated.map(({ at }, i) => ({
    file,
    ...positions[i]!,
    path: fieldPath(at),
    message: 'another app has this name',
    hint: 'rename one of them',
  }));
}

export const jibeAppId = (name: string): string => `App/${name}`;

function readApp(value: JsonObject, i: number, place: App['place'], placeOf: ReadonlyMap<string, App['place']>): App {
  const item = new Fields(value, `apps[${i}]`, []);
  const source = item.inner('source');
  const policies = item.inner('policies');
  const retry = policies.inner('retry');
  const backoff = retry.inner('backoff');
  return {
    ...plainApp,
    id: jibeAppId(item.string('name')),
    name: item.string('name'),
    tool: 'jibe',
    origin: undefined,
    place,
    sources: [
      {
        url: source.optionalString('url'),
        ref: source.optionalString('ref'),
        path: item.string('path').replace(/^(?:\.?\/)+|^\.$/, ''),
        include: item.strings('include'),
        exclude: item.strings('exclude'),
        render: { as: 'source' },
      },
    ],
    namespace: item.inner('destination').optionalString('namespace') ?? 'default',
    dependsOn: item.strings('dependsOn').map((name, n) => {
      const field = `apps[${i}].dependsOn[${n}]`;
      return { app: jibeAppId(name), field, place: placeOf.get(field) ?? place };
    }),
    prune: policies.boolean('prune', true),
    cascade: policies.boolean('prune', true),
    wait: policies.boolean('wait', true),
    suspend: policies.boolean('suspend'),
    selfHeal: policies.has('selfHeal') ? policies.boolean('selfHeal') : undefined,
    windows: policies.inners('windows').map(readWindow),
    verify: policies.has('verify') ? (policies.string('verify') as 'gpg' | 'ssh') : undefined,
    timeoutMs: policies.duration('timeout'),
    retry: policies.has('retry')
      ? {
          limit: retry.integer('limit') ?? 5,
          firstMs: backoff.duration('duration') ?? 5000,
          factor: backoff.integer('factor') ?? 2,
          maxMs: backoff.duration('maxDuration') ?? 180_000,
        }
      : NO_RETRY,
    syncOptions: [
      ...(policies.boolean('createNamespace') ? ['CreateNamespace=true'] : []),
      ...(policies.boolean('respectIgnoreDifferences') ? ['RespectIgnoreDifferences=true'] : []),
    ],
    ignoreDifferences: policies.inners('ignoreDifferences').map(ignoreDifference),
  };
}
