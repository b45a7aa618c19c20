// Who owns what after several managers have applied and updated an object: ownership/*.yaml holds the situations as data.
//
// A file has schemas (OpenAPI, by version) and cases. A step is `by` a manager and `applies`, `forces` (an apply by force) or `updates`,
// perhaps through another `version` than v1; `conflicts` are what an apply is refused for; `schema` changes the schemas. Fields that end in
// _v1 are called _v2 in version v2. `owners` lists at the end who owns what: appliers by name, updaters as `name (updates)`, and `@v2` says
// in which version if it is not v1.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { JSONSchemaProps } from '#api/apiextensions/v1';
import type { ApplyType } from '../../../src/apimachinery/apply/apply-schema.ts';
import { crdApplyType } from '../../../src/apimachinery/apply/crd-schema.ts';
import { fieldPath, pathText } from '../../../src/apimachinery/apply/path-element.ts';
import { resetFields } from '../../../src/apimachinery/apply/reset-fields.ts';
import { toFieldSet } from '../../../src/apimachinery/apply/to-field-set.ts';
import { apply, Conflicts, update, type Managers, type Versions } from '../../../src/apimachinery/apply/updater.ts';
import { deepFreeze, isObject, type JsonObject } from '../../../src/apimachinery/object.ts';

type Schemas = Readonly<Record<string, JSONSchemaProps>>;

interface Step {
  readonly by?: string;
  readonly version?: string;
  readonly applies?: JsonObject;
  readonly forces?: JsonObject;
  readonly updates?: JsonObject;
  readonly conflicts?: readonly string[];
  readonly schema?: string;
}

interface Case {
  readonly name: string;
  /** Fields that are reset, by version. */
  readonly reset?: Readonly<Record<string, readonly string[]>>;
  readonly steps: readonly Step[];
  readonly object: JsonObject;
  readonly owners: Readonly<Record<string, readonly string[]>>;
}

interface Situations {
  readonly schemas: Readonly<Record<string, Schemas | undefined>>;
  readonly cases: readonly Case[];
}

const DIR = path.join(import.meta.dirname, 'ownership');

for (const file of fs.readdirSync(DIR).sort()) {
  const { schemas, cases } = deepFreeze(parse(fs.readFileSync(path.join(DIR, file), 'utf8'), { merge: true }) as Situations);
  describe(path.basename(file, '.yaml'), () => {
    it.each(cases.map((c) => [c.name, c] as const))('%s', (_, situation) => play(schemas, situation));
  });
}

function play(schemas: Situations['schemas'], { reset = {}, steps, object, owners }: Case): void {
  let versions = versionsOf(Object.values(schemas)[0]!, reset);
  let live: JsonObject = {};
  let managers: Managers = new Map();
  for (const step of steps) {
    if (step.schema) {
      versions = versionsOf(schemas[step.schema]!, reset);
      continue;
    }
    const { by = '', version = 'v1', applies, forces, updates } = step;
    const before = deepFreeze(convert(live, 'v1', version));
    if (updates) {
      managers = update(versions, version, before, updates, managers, by);
      live = convert(updates, version, 'v1');
      continue;
    }
    const config = (applies ?? forces)!;
    const attempt = (): { readonly object: JsonObject; readonly managers: Managers } =>
      apply(versions, version, before, config, managers, by, forces !== undefined);
    if (step.conflicts) {
      expect(conflictsOf(attempt)).toEqual(step.conflicts);
      continue;
    }
    const applied = attempt();
    managers = applied.managers;
    live = convert(applied.object, version, 'v1');
    holds(versions.typeOf(version)!, applied.object, config);
  }
  expect(live).toEqual(object);
  expect(owned(managers)).toEqual(owners);
}

/** What is applied is there afterwards, and applying it again changes nothing. */
function holds(type: ApplyType, object: JsonObject, config: JsonObject): void {
  const mentioned = toFieldSet(type, config);
  expect(mentioned.difference(toFieldSet(type, object)).toString()).toBe('');
  const versions: Versions = { typeOf: () => type, convert: (o) => o, filter: (_, set) => set };
  const again = apply(versions, 'v1', object, config, new Map([['me', { set: mentioned, apiVersion: 'v1', applied: true }]]), 'me', false);
  expect(again.object).toBe(object);
}

function versionsOf(schemas: Schemas, reset: Readonly<Record<string, readonly string[]>>): Versions {
  const types = new Map(Object.entries(schemas).map(([version, schema]) => [version, crdApplyType(schema.type ? schema : undefined)]));
  return {
    typeOf: (version) => types.get(version),
    convert: (object, to) => convert(object, versionOf(object) ?? 'v1', to),
    filter: (version, set) => resetFields(...(reset[version] ?? []).map((name) => fieldPath(...name.split('.'))))(set),
  };
}

/** The version that an object’s fields are named after. */
const versionOf = (object: JsonObject): string | undefined => /_(v\d)"/.exec(JSON.stringify(object))?.[1];

function convert<T>(value: T, from: string, to: string): T {
  if (Array.isArray(value)) return value.map((item) => convert(item as unknown, from, to)) as T;
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.replace(new RegExp(`_${from}$`), `_${to}`), convert(inner, from, to)]),
  ) as T;
}

function conflictsOf(attempt: () => unknown): readonly string[] {
  try {
    attempt();
    return [];
  } catch (error) {
    if (!(error instanceof Conflicts)) throw error;
    return error.conflicts.map(({ manager, path: where }) => `${manager} ${pathText(where)}`);
  }
}

function owned(managers: Managers): Record<string, string[]> {
  const name = (manager: string, apiVersion: string, applied: boolean): string =>
    `${manager}${applied ? '' : ' (updates)'}${apiVersion === 'v1' ? '' : ` @${apiVersion}`}`;
  return Object.fromEntries(
    Array.from(managers, ([manager, { apiVersion, applied, set }]) => [
      name(manager, apiVersion, applied),
      Array.from(set.paths(), pathText),
    ]),
  );
}
