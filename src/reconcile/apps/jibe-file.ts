// jibe.yaml: the apps of a repository as jibe itself writes them down. Checked against a schema; see docs/jibe-yaml.md.
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import { readYaml } from '../../apimachinery/yaml/read.ts';
import { fieldPath, type ManifestError } from '../render/manifest-error.ts';
import { positionsIn } from '../render/positions.ts';
import { decodeText } from '../render/text.ts';
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
import type { Snapshot, SourceFile } from '../source/snapshot.ts';
import { NO_RETRY, plainApp, type App } from './app.ts';
import { Fields } from './fields.ts';
import { HELM_SCHEMA, readHelm } from './helm-fields.ts';
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
    return { apps: [], notifications: [], errors: yamlErrors(read.faults, text, file.path) };
  }
  const { value } = read;
  if (!isObject(value) || !('apps' in value) || 'kind' in value) return undefined;
  const errors = await schemaErrors(JIBE_SCHEMA, value, text, file.path);
  if (errors.length) return { apps: [], notifications: [], errors };
  const items = value.apps as readonly JsonObject[];
  const names = items.map((_, i) => ({ at: ['apps', i, 'name'] }));
  const fields = items.flatMap(({ dependsOn }, i) => ((dependsOn ?? []) as unknown[]).map((_, n) => ({ at: ['apps', i, 'dependsOn', n] })));
  const positions = await positionsIn(text, [...names, ...fields]);
  const placeOf = new Map(fields.map(({ at }, i) => [fieldPath(at), { file: file.path, ...positions[items.length + i]! }]));
  return {
    apps: items.map((item, i) => readApp(item, i, { file: file.path, ...positions[i]! }, placeOf)),
    notifications: new Fields(value, '', []).inners('notifications').flatMap(readNotification),
    errors: await repeatedNames(items, ['apps'], text, file.path, 'app'),
  };
}

/** JSON schema of the file. */
export const JIBE_SCHEMA = objectSchema(
  {
    apps: {
      type: 'array',
      items: objectSchema(
        {
          name: nameSchema,
          source: objectSchema({ url: textSchema, ref: textSchema }),
          path: textSchema,
          include: textsSchema,
          exclude: textsSchema,
          destination: objectSchema({ namespace: textSchema }),
          dependsOn: textsSchema,
          helm: HELM_SCHEMA,
          policies: objectSchema({
            prune: { type: 'boolean' },
            wait: { type: 'boolean' },
            suspend: { type: 'boolean' },
            selfHeal: { type: 'boolean' },
            windows: {
              type: 'array',
              items: objectSchema(
                { kind: { enum: ['allow', 'deny'] }, schedule: textSchema, duration: durationSchema, timeZone: textSchema },
                ['kind', 'schedule', 'duration'],
              ),
            },
            createNamespace: { type: 'boolean' },
            verify: { enum: ['gpg', 'ssh'] },
            ignoreDifferences: {
              type: 'array',
              items: objectSchema(
                {
                  group: { type: 'string' },
                  kind: textSchema,
                  name: textSchema,
                  namespace: textSchema,
                  jsonPointers: textsSchema,
                  jqPathExpressions: textsSchema,
                  managedFieldsManagers: textsSchema,
                },
                ['kind'],
              ),
            },
            respectIgnoreDifferences: { type: 'boolean' },
            timeout: durationSchema,
            retry: objectSchema({
              limit: { type: 'integer', minimum: 0, maximum: 100 },
              backoff: objectSchema({ duration: durationSchema, factor: { type: 'integer', minimum: 1 }, maxDuration: durationSchema }),
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
        helm: readHelm(item.inner('helm'), place.file),
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
