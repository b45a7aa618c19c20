// Writes generated/: the schema table that the API machinery reads at run time, the OpenAPI document that the API server serves, and the
// TypeScript types of the API.
//
// Two sources are joined. The OpenAPI document in the pinned package @forklift-ui/types knows lists, merge keys, required
// fields and REST paths; src/apimachinery/schema/go-types/ knows what it does not say: the order of fields, their Go types
// (they show in error messages and in hashes), which are left out when empty, and their protobuf numbers.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { parse } from 'yaml';

const ROOT = path.join(import.meta.dirname, '..');
const GO_TYPES = path.join(ROOT, 'src/apimachinery/schema/go-types');
const OUT = path.join(ROOT, 'generated');
const document = createRequire(import.meta.url)('@forklift-ui/types/src/generated/kubernetes/swagger.json');

fs.rmSync(OUT, { recursive: true, force: true });
fs.mkdirSync(OUT, { recursive: true });
const packages = readGoTypes();
const table = { types: joinTypes(packages), kinds: kinds() };
fs.writeFileSync(path.join(OUT, 'schema.json'), JSON.stringify(table));
fs.writeFileSync(path.join(OUT, 'openapi.json.gz'), gzipSync(JSON.stringify(openApi()), { level: 9 }));
writeTypeScript(packages, table.kinds);
fs.writeFileSync(path.join(OUT, 'health-rules.json'), JSON.stringify(healthRules()));

/** The rules of health that come with jibe, in the order of their files. */
function healthRules() {
  const folder = path.join(ROOT, 'src/reconcile/health/rules');
  return fs
    .readdirSync(folder)
    .sort()
    .flatMap((file) => parse(fs.readFileSync(path.join(folder, file), 'utf8')));
}

/** Reads go-types/*.txt. @returns {Map<string, {go: string, openapi: string, types: Map<string, object>}>} by short name, such as `core/v1` */
function readGoTypes() {
  const found = new Map();
  for (const file of fs.readdirSync(GO_TYPES).sort()) {
    let pkg, type;
    for (const line of fs.readFileSync(path.join(GO_TYPES, file), 'utf8').split('\n')) {
      if (!line || line.startsWith('#')) continue;
      const [word, ...rest] = line.trim().split(' ');
      if (line.startsWith('  ')) {
        const [json, go = json[0].toUpperCase() + json.slice(1)] = word.split(':');
        type.fields.push({ json, go, type: qualified(rest[0], pkg.name), number: rest[1], flags: rest[2] ?? '' });
      } else if (word === 'package') {
        pkg = { name: rest[0], go: rest[1], openapi: rest[2], types: new Map() };
        found.set(pkg.name, pkg);
      } else {
        type = { is: word, fields: [], ...(word === 'type' ? { underlying: qualified(rest[1], pkg.name) } : {}) };
        pkg.types.set(rest[0], type);
      }
    }
  }
  return found;
}

/** `[]Volume` in core/v1 → `[]core/v1.Volume`. */
function qualified(expression, pkg) {
  return expression.replace(/(?<![\w/.])[A-Z]\w*/g, (name) => `${pkg}.${name}`);
}

/**
 * The table's types: `s` a struct with fields [json name, Go name, Go type, protobuf number or "", flags, list facts?], `a` a name for
 * another type, `o` opaque (its JSON is its own affair). Flags: ? left out when empty, & inlined, s a number in a string.
 */
function joinTypes(packages) {
  const types = {};
  // what is inlined (EphemeralContainerCommon, say) has no definition of its own: its fields stand in that of the outer type
  const outer = new Map();
  for (const pkg of packages.values()) {
    for (const [name, type] of pkg.types) {
      const definition = document.definitions[`${pkg.openapi}.${name}`];
      if (definition) for (const f of type.fields) if (f.json === '&') outer.set(f.type, definition);
    }
  }
  for (const pkg of packages.values()) {
    for (const [name, type] of pkg.types) {
      const definition = document.definitions[`${pkg.openapi}.${name}`] ?? outer.get(`${pkg.name}.${name}`);
      const key = `${pkg.name}.${name}`;
      if (type.is === 'opaque') types[key] = { o: 1 };
      else if (type.is === 'type') types[key] = { a: type.underlying };
      else {
        types[key] = { s: type.fields.map((f) => field(f, definition)) };
        if (definition?.['x-kubernetes-map-type'] === 'atomic') types[key].atomic = 1;
        if (definition?.required) types[key].required = definition.required;
      }
    }
  }
  return types;
}

function field({ json, go, type, number, flags }, definition) {
  const property = definition?.properties?.[json] ?? {};
  const facts = {
    list: property['x-kubernetes-list-type'],
    keys: property['x-kubernetes-list-map-keys'],
    map: property['x-kubernetes-map-type'],
    strategy: property['x-kubernetes-patch-strategy'],
    mergeKey: property['x-kubernetes-patch-merge-key'],
  };
  const given = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
  const number_ = /^\d+$/.test(number) ? Number(number) : '';
  return [json === '&' ? '' : json, go, type, number_, flags, ...(Object.keys(given).length ? [given] : [])];
}

/** The kinds that are resources: by `group/version/Kind`, with what the paths of the document say of them. */
function kinds() {
  const byKind = {};
  const goTypeOf = new Map();
  for (const [name, definition] of Object.entries(document.definitions)) {
    for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
      if (name.endsWith(`.${kind}`)) goTypeOf.set(`${group}/${version}/${kind}`, shortName(name));
    }
  }
  const ACTIONS = {
    get: 'get',
    list: 'list',
    post: 'create',
    put: 'update',
    patch: 'patch',
    delete: 'delete',
    deletecollection: 'deletecollection',
  };
  for (const [at, item] of Object.entries(document.paths)) {
    const match = /^\/(?:api|apis\/([^/]+))\/([^/]+)\/(namespaces\/\{namespace\}\/)?([a-z]+)(?:\/\{name\}(?:\/([a-z]+))?)?$/.exec(at);
    if (!match) continue;
    const [, group = '', version, namespaced, resource, subresource] = match;
    const core = at.startsWith('/api/') ? '' : group;
    for (const operation of Object.values(item)) {
      const action = operation?.['x-kubernetes-action'];
      const kind = operation?.['x-kubernetes-group-version-kind'];
      if (!action || !kind) continue;
      const verb = ACTIONS[action] ?? (action === 'connect' ? 'connect' : undefined);
      if (!verb) continue;
      const row = (byKind[`${core}/${version}/${resource}`] ??= { group: core, version, resource, verbs: [], subresources: {} });
      if (namespaced) row.namespaced = true;
      if (subresource) {
        const sub = (row.subresources[subresource] ??= { group: kind.group, version: kind.version, kind: kind.kind, verbs: [] });
        if (!sub.verbs.includes(verb)) sub.verbs.push(verb);
      } else {
        row.kind = kind.kind;
        if (!row.verbs.includes(verb)) row.verbs.push(verb);
      }
    }
  }
  return Object.values(byKind)
    .filter((row) => row.kind)
    .map((row) => {
      if (row.verbs.includes('list') && row.resource !== 'componentstatuses') row.verbs.push('watch');
      row.verbs.sort();
      return { ...row, type: goTypeOf.get(`${row.group}/${row.version}/${row.kind}`) };
    })
    .filter((row) => row.type);
}

/** The document as the server starts from: with the Go type of each definition, and without CBOR, which is off by default. */
function openApi() {
  const isCbor = (value) => typeof value === 'string' && value.includes('cbor');
  const plain = JSON.parse(JSON.stringify(document), (_, value) => (Array.isArray(value) ? value.filter((v) => !isCbor(v)) : value));
  const goTypes = {};
  for (const name of Object.keys(document.definitions)) {
    const pkg = [...packages.values()].find(({ openapi }) => name.startsWith(`${openapi}.`));
    const type = pkg && `${pkg.name}.${name.slice(pkg.openapi.length + 1)}`;
    if (type && table.types[type]) goTypes[name] = type;
  }
  const { paths, parameters, definitions } = plain;
  return { paths, parameters, definitions, goTypes };
}

function shortName(definitionName) {
  for (const pkg of packages.values())
    if (definitionName.startsWith(`${pkg.openapi}.`)) return `${pkg.name}.${definitionName.slice(pkg.openapi.length + 1)}`;
  throw new Error(`no Go package for ${definitionName}: add it to ${GO_TYPES}`);
}

// ---- TypeScript ----

/** One declaration file a package, and kinds.d.ts that maps `apps/v1/Deployment` to its type. */
function writeTypeScript(packages, kinds) {
  const SCALARS = {
    string: 'string',
    bool: 'boolean',
    int: 'number',
    int32: 'number',
    int64: 'number',
    uint32: 'number',
    uint64: 'number',
    uint8: 'number',
    float64: 'number',
    interface: 'unknown',
  };
  const OPAQUE = {
    'resource.Quantity': 'string',
    'meta/v1.Time': 'string',
    'meta/v1.MicroTime': 'string',
    'meta/v1.Duration': 'string',
    'intstr.IntOrString': 'number | string',
    'meta/v1.FieldsV1': 'Readonly<Record<string, unknown>>',
    'runtime.RawExtension': 'unknown',
    'apiextensions/v1.JSON': 'unknown',
    'apiextensions/v1.JSONSchemaPropsOrBool': 'JSONSchemaProps | boolean',
    'apiextensions/v1.JSONSchemaPropsOrArray': 'JSONSchemaProps | readonly JSONSchemaProps[]',
    'apiextensions/v1.JSONSchemaPropsOrStringArray': 'JSONSchemaProps | readonly string[]',
  };
  const KINDS = new Map(kinds.map((k) => [k.type, k]));
  const list = (t) => (/ \| /.test(t) ? `(${t})` : t);
  for (const pkg of packages.values()) {
    const imports = new Set();
    const typescript = (expression) => {
      if (expression.startsWith('*')) return typescript(expression.slice(1));
      if (expression === '[]byte') return 'string';
      if (expression.startsWith('[]')) return `readonly ${list(typescript(expression.slice(2)))}[]`;
      const map = /^map\[[^\]]+\](.*)$/.exec(expression);
      if (map) return `Readonly<Record<string, ${typescript(map[1])}>>`;
      if (SCALARS[expression]) return SCALARS[expression];
      const [home, name] = expression.split(/\.(?=[^.]*$)/);
      if (OPAQUE[expression] && home !== pkg.name) return OPAQUE[expression];
      const type = packages.get(home)?.types.get(name);
      if (!type) throw new Error(`${pkg.name}: unknown type ${expression}`);
      if (type.is === 'type' && SCALARS[type.underlying]) return SCALARS[type.underlying];
      if (home === pkg.name) return name;
      imports.add(home);
      return `${home.replace('/', '_')}.${name}`;
    };
    const body = [];
    for (const [name, type] of pkg.types) {
      const key = `${pkg.name}.${name}`;
      if (type.is === 'opaque') body.push(`export type ${name} = ${OPAQUE[key]};`);
      else if (type.is === 'type') {
        if (!SCALARS[type.underlying]) body.push(`export type ${name} = ${typescript(type.underlying)};`);
      } else body.push(...struct(name, type, KINDS.get(key), typescript));
    }
    const depth = pkg.name.split('/').length;
    const head = [...imports]
      .sort()
      .map((home) => `import type * as ${home.replace('/', '_')} from '${depth > 1 ? '../' : './'}${home}.d.ts';`);
    const file = path.join(OUT, 'api', `${pkg.name}.d.ts`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, `${['// Generated by scripts/generate.mjs.', ...head, ...body].join('\n')}\n`);
  }
  const homes = [...new Set(kinds.map((k) => k.type.split('.')[0]))].sort();
  fs.writeFileSync(
    path.join(OUT, 'api/kinds.d.ts'),
    `${[
      '// Generated by scripts/generate.mjs.',
      ...homes.map((home) => `import type * as ${home.replace('/', '_')} from './${home}.d.ts';`),
      '/** The built-in kinds by `group/version/Kind` (the core group: `v1/Pod`). */',
      'export interface Kinds {',
      ...kinds.map((k) => `  '${[k.group, k.version, k.kind].filter(Boolean).join('/')}': ${k.type.replace('/', '_')};`),
      '}',
    ].join('\n')}\n`,
  );

  /** Kinds carry `apiVersion`, `kind` and the metadata that every stored object has; `spec` is always answered. */
  function struct(name, type, kind, typescript) {
    const lines = [];
    const bases = type.fields.filter((f) => f.json === '&' && !f.type.endsWith('.TypeMeta')).map((f) => typescript(f.type));
    lines.push(`export interface ${name}${bases.length ? ` extends ${bases.join(', ')}` : ''} {`);
    for (const f of type.fields) {
      if (f.json === '&' && f.type.endsWith('.TypeMeta')) {
        if (kind)
          lines.push(
            `  readonly apiVersion: '${[kind.group, kind.version].filter(Boolean).join('/')}';`,
            `  readonly kind: '${kind.kind}';`,
          );
        else lines.push('  readonly apiVersion?: string;', '  readonly kind?: string;');
      }
      if (f.json === '&' || f.json === '-' || !f.json) continue;
      const meta =
        kind && f.json === 'metadata'
          ? `${typescript(f.type)} & { readonly name: string; readonly uid: string; readonly resourceVersion: string; readonly creationTimestamp: string }`
          : undefined;
      const optional = f.flags.includes('?') && !meta && !(kind && f.json === 'spec') ? '?' : '';
      lines.push(`  readonly ${/^\w+$/.test(f.json) ? f.json : `'${f.json}'`}${optional}: ${meta ?? typescript(f.type)};`);
    }
    return [...lines, '}'];
  }
}
