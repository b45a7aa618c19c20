// What a chart's templates are given: `.Chart`, `.Release`, `.Capabilities` and so on, with the names, types and methods that they have
// in Helm.
import { formatFloat } from '../../../../apimachinery/go-template/floats.ts';
import { go } from '../../../../apimachinery/go-template/signature.ts';
import { fromJsonValue, nil, STRING_MAP, STRINGS, typed, type GoType } from '../../../../apimachinery/go-template/values.ts';
import type { JsonObject } from '../../../../apimachinery/object.ts';
import { isObject } from '../../../../apimachinery/object.ts';
import { filesObject } from './files.ts';
import { toYaml } from './yaml-functions.ts';
import type { Capabilities, EngineChart, Release } from './engine.ts';

const ANY_MAP = 'map[string]interface {}';

const VALUES: GoType = {
  name: 'chartutil.Values',
  kind: 'map',
  underlying: ANY_MAP,
  methods: {
    AsMap: (self) => go('() map[string]any', () => ({ ...self })),
    YAML: (self) => go('() string', () => `${toYaml(self)}\n`),
  },
};

export const valuesObject = (values: JsonObject): JsonObject => typed(values, VALUES);

/** @param memo what values have become: those that charts share stay shared */
export function chartData(
  chart: EngineChart,
  isRoot: boolean,
  shared: { readonly release: JsonObject; readonly capabilities: object },
  memo: Map<object, unknown>,
): JsonObject {
  return valuesObject({
    Chart: metadataObject(chart.metadata, isRoot),
    Files: filesObject(chart.files),
    Release: shared.release,
    Capabilities: shared.capabilities,
    Values: valuesObject(fromJsonValue(chart.values, false, memo) as JsonObject),
    Subcharts: {},
  });
}

export const releaseObject = (release: Release): JsonObject => ({
  Name: release.name,
  Namespace: release.namespace,
  IsUpgrade: release.isUpgrade,
  IsInstall: release.isInstall,
  Revision: BigInt(release.revision),
  Service: release.service,
});

const KUBE_VERSION: GoType = {
  name: 'chartutil.KubeVersion',
  kind: 'struct',
  text: (self) => (self as { readonly Version: string }).Version,
  methods: {
    String: (self) => go('() string', () => (self as { readonly Version: string }).Version),
    GitVersion: (self) => go('() string', () => (self as { readonly Version: string }).Version),
  },
};

const VERSION_SET: GoType = {
  name: 'chartutil.VersionSet',
  kind: 'slice',
  underlying: '[]string',
  methods: { Has: (self) => go('(string) bool', (version: string) => (self as readonly string[]).includes(version)) },
};

const struct = (name: string): GoType => ({ name, kind: 'struct' });

export function capabilitiesObject({ kubeVersion, apiVersions, helmVersion }: Capabilities): object {
  const [, major = '', minor = ''] = /^v?(\d+)\.(\d+)/.exec(kubeVersion) ?? [];
  return typed(
    {
      KubeVersion: typed({ Version: kubeVersion, Major: major, Minor: minor }, KUBE_VERSION),
      APIVersions: typed([...apiVersions], VERSION_SET),
      HelmVersion: typed({ Version: helmVersion, GitCommit: '', GitTreeState: '', GoVersion: '' }, struct('version.BuildInfo')),
    },
    { ...struct('*chartutil.Capabilities'), kind: 'ptr' },
  );
}

/** The fields of a struct: their names in Go, and in YAML, and what they hold. */
type Fields = readonly (readonly [name: string, key: string, of: 'string' | 'bool' | 'strings' | 'annotations' | 'any' | StructList])[];

interface StructList {
  readonly type: string;
  readonly fields: Fields;
}

const MAINTAINER: StructList = {
  type: 'chart.Maintainer',
  fields: [
    ['Name', 'name', 'string'],
    ['Email', 'email', 'string'],
    ['URL', 'url', 'string'],
  ],
};

const DEPENDENCY: StructList = {
  type: 'chart.Dependency',
  fields: [
    ['Name', 'name', 'string'],
    ['Version', 'version', 'string'],
    ['Repository', 'repository', 'string'],
    ['Condition', 'condition', 'string'],
    ['Tags', 'tags', 'strings'],
    ['Enabled', 'enabled', 'bool'],
    ['ImportValues', 'import-values', 'any'],
    ['Alias', 'alias', 'string'],
  ],
};

const METADATA: Fields = [
  ['Name', 'name', 'string'],
  ['Home', 'home', 'string'],
  ['Sources', 'sources', 'strings'],
  ['Version', 'version', 'string'],
  ['Description', 'description', 'string'],
  ['Keywords', 'keywords', 'strings'],
  ['Maintainers', 'maintainers', MAINTAINER],
  ['Icon', 'icon', 'string'],
  ['APIVersion', 'apiVersion', 'string'],
  ['Condition', 'condition', 'string'],
  ['Tags', 'tags', 'string'],
  ['AppVersion', 'appVersion', 'string'],
  ['Deprecated', 'deprecated', 'bool'],
  ['Annotations', 'annotations', 'annotations'],
  ['KubeVersion', 'kubeVersion', 'string'],
  ['Dependencies', 'dependencies', DEPENDENCY],
  ['Type', 'type', 'string'],
];

function metadataObject(metadata: JsonObject, isRoot: boolean): object {
  const fields = structOf(metadata, METADATA);
  return typed(
    { ...fields, IsRoot: isRoot },
    {
      name: 'struct { chart.Metadata; IsRoot bool }',
      kind: 'struct',
      json: () => typed({ ...jsonOf(fields, METADATA), IsRoot: isRoot }, struct('chart.Metadata')),
    },
  );
}

function structOf(yaml: JsonObject, fields: Fields): JsonObject {
  const out: JsonObject = {};
  for (const [name, key, of] of fields) {
    const value = Object.hasOwn(yaml, key) ? yaml[key] : undefined;
    if (of === 'string') out[name] = scalarText(value);
    else if (of === 'bool') out[name] = value === true;
    else if (of === 'any') out[name] = fromJsonValue(value ?? null, false);
    else if (of === 'strings') out[name] = typed(Array.isArray(value) ? value.map(scalarText) : nil([]), STRINGS);
    else if (of === 'annotations') out[name] = typed(isObject(value) ? mapped(value) : nil({}), STRING_MAP);
    else {
      const items = Array.isArray(value) ? value.filter(isObject) : nil([]);
      const type: GoType = { name: `*${of.type}`, kind: 'ptr', json: (self) => jsonOf(self as JsonObject, of.fields) };
      out[name] = typed(
        items.map((item) => typed(structOf(item, of.fields), type)),
        { name: `[]*${of.type}`, kind: 'slice' },
      );
    }
  }
  return out;
}

/** What is empty is left out; the order is that of the struct. */
function jsonOf(values: JsonObject, fields: Fields): JsonObject {
  const out: JsonObject = {};
  for (const [name, key] of fields) {
    const value = values[name];
    const isEmpty = value === '' || value === false || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
    if (!isEmpty) out[key] = value;
  }
  return typed(out, struct('chart.Metadata'));
}

const mapped = (values: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, scalarText(value)]));

/** As YAML is read where a text is wanted: a version that looks like a number is one still. */
function scalarText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : formatFloat(value, 'g');
  return typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : '';
}
