// The generators of ApplicationSets: each gives sets of parameters, one for each Application. List, git, clusters, matrix and merge are
// known; those that ask other services (pull requests, providers of repositories, plugins) are told and not guessed.
import { LabelSelector, SelectorError, type Labels } from '../../apimachinery/label-selector.ts';
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import { applyMergePatch } from '../../apimachinery/patch/merge-patch.ts';
import { readYaml } from '../../apimachinery/yaml/read.ts';
import { anyOf, namePattern } from '../source/glob.ts';
import { fill, flattened, sanitized, type Parameters, type SetTemplate } from './set-template.ts';
import { Fields, type FieldFault } from './fields.ts';

/** A repository as the git generator looks at it. */
export interface FileList {
  readonly paths: readonly string[];
  read(path: string): Promise<string>;
}

export interface KnownCluster {
  readonly name: string;
  readonly server: string;
  readonly project: string;
  /** Undefined for the cluster itself, which no Secret describes. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface GeneratorWorld {
  /** The language in which the set is written. */
  readonly template: SetTemplate;
  /** Throws a SourceError. */
  list(url: string, ref: string | undefined): Promise<FileList>;
  readonly clusters: readonly KnownCluster[];
}

/** A set of parameters, and the part of the template that its generator brings along. */
export interface Generated {
  readonly parameters: Parameters;
  readonly template: JsonObject;
}

/** Generators within generators. */
const MAX_DEPTH = 4;
/** Applications that one ApplicationSet may make. */
export const MAX_GENERATED = 5000;

export async function generate(generator: Fields, world: GeneratorWorld, faults: FieldFault[], depth = 0): Promise<readonly Generated[]> {
  const kinds = Object.keys(generator.value).filter((key) => key !== 'selector' && generator.has(key));
  const [kind] = kinds;
  if (kinds.length !== 1 || kind === undefined) {
    faults.push({ path: generator.at(''), message: `must be one generator, not ${kinds.length}` });
    return [];
  }
  const make = GENERATORS[kind];
  if (!make) {
    generator.fault(kind, `the generator ${kind} is not run here`, `here are run: ${Object.keys(GENERATORS).join(', ')}`);
    return [];
  }
  if (depth > MAX_DEPTH) {
    generator.fault(kind, `generators are nested more than ${MAX_DEPTH} deep`);
    return [];
  }
  const field = generator.inner(kind);
  const all = await make(field, world, faults, depth);
  const selects = selectorOf(generator);
  const selected = all.filter(({ parameters }) => selects(flattened(parameters)));
  if (selected.length > MAX_GENERATED) {
    generator.fault(kind, `it gives ${selected.length} sets of parameters; at most ${MAX_GENERATED} are taken`);
    return [];
  }
  const template = field.inner('template').value;
  return selected.map((generated) => ({ ...generated, template: Object.keys(template).length ? template : generated.template }));
}

/** Whether labels are what `selector` asks for; without one they are. */
function selectorOf(field: Fields): (labels: Labels) => boolean {
  if (!field.has('selector')) return () => true;
  try {
    const selector = LabelSelector.fromSpec(field.inner('selector').value);
    return (labels) => selector.matches(labels);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    field.fault('selector', error.message);
    return () => false;
  }
}

type Make = (field: Fields, world: GeneratorWorld, faults: FieldFault[], depth: number) => Promise<readonly Generated[]>;

const GENERATORS: Readonly<Record<string, Make>> = {
  list: fromList,
  git: fromGit,
  clusters: fromClusters,
  matrix: fromMatrix,
  merge: fromMerge,
};

const plain = (parameters: Parameters): Generated => ({ parameters, template: {} });

async function fromList(field: Fields, { template }: GeneratorWorld): Promise<readonly Generated[]> {
  const elements = [...field.inners('elements'), ...(await elementsIn(field))];
  return elements.map((element) => {
    if (template.isGo) return plain(element.value);
    const parameters: Record<string, unknown> = {};
    for (const key of Object.keys(element.value)) {
      if (key === 'values') Object.assign(parameters, template.nested('values', element.stringMap('values')));
      else parameters[key] = element.string(key);
    }
    return plain(parameters);
  });
}

/** Elements that are written as a text. */
async function elementsIn(field: Fields): Promise<readonly Fields[]> {
  const text = field.optionalString('elementsYaml');
  if (!text) return [];
  const read = await readYaml(text);
  if (!read.faults && Array.isArray(read.value))
    return (read.value as unknown[]).map((item) => new Fields(item, field.at('elementsYaml'), []));
  field.fault('elementsYaml', 'must be a list in YAML');
  return [];
}

async function fromGit(field: Fields, world: GeneratorWorld): Promise<readonly Generated[]> {
  const revision = field.string('revision');
  const { paths, read } = await world.list(field.required('repoURL'), revision === '' || revision === 'HEAD' ? undefined : revision);
  const { template } = world;
  const prefix = field.string('pathParamPrefix');
  const finished = (parameters: Parameters): Generated => plain({ ...parameters, ...withValues(field, parameters, template) });
  if (field.has('directories')) {
    const wanted = field
      .inners('directories')
      .map((item) => ({ matches: pathPattern(item.required('path')), exclude: item.boolean('exclude') }));
    return directoriesOf(paths)
      .filter((path) => wanted.some(({ matches, exclude }) => !exclude && matches(path)))
      .filter((path) => !wanted.some(({ matches, exclude }) => exclude && matches(path)))
      .map((path) => finished(pathParameters(path, undefined, prefix, template)));
  }
  const out: Generated[] = [];
  for (const path of paths.filter(fileMatcher(field))) {
    const result = await readYaml(await read(path));
    if (result.faults) {
      field.fault('files', `${path} cannot be read: ${result.faults[0]!.message}`);
      continue;
    }
    const slash = path.lastIndexOf('/');
    const where = pathParameters(path.slice(0, Math.max(slash, 0)), path.slice(slash + 1), prefix, template);
    for (const item of Array.isArray(result.value) ? (result.value as unknown[]) : [result.value])
      out.push(finished({ ...(template.isGo ? (isObject(item) ? item : {}) : flattened(item)), ...where }));
  }
  return out;
}

/** The files that are named and not left out. */
function fileMatcher(field: Fields): (path: string) => boolean {
  const files = field.inners('files').map((item) => ({ pattern: item.required('path'), exclude: item.boolean('exclude') }));
  const matcher = (excluded: boolean): ((path: string) => boolean) =>
    anyOf(files.filter(({ exclude }) => exclude === excluded).map(({ pattern }) => (pattern.includes('/') ? pattern : `/${pattern}`)));
  const [chosen, dropped] = [matcher(false), matcher(true)];
  return (path) => chosen(path) && !dropped(path);
}

/** A pattern of a whole path, name by name: a star never goes over a slash. */
function pathPattern(pattern: string): (path: string) => boolean {
  const parts = pattern
    .replace(/^\.?\//, '')
    .replace(/\/+$/, '')
    .split('/')
    .map((part) => namePattern(part, pattern));
  return (path) => {
    const names = path.split('/');
    return names.length === parts.length && parts.every((matches, i) => matches(names[i]!));
  };
}

/** All directories, hidden ones left out, in the order of their names. */
function directoriesOf(paths: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const path of paths) {
    const names = path.split('/').slice(0, -1);
    for (let n = 1; n <= names.length && !names[n - 1]!.startsWith('.'); n++) found.add(names.slice(0, n).join('/'));
  }
  return [...found].sort();
}

/** @param filename of a file */
function pathParameters(path: string, filename: string | undefined, prefix: string, { isGo }: SetTemplate): Parameters {
  const basename = path.slice(path.lastIndexOf('/') + 1);
  const names = {
    basename,
    basenameNormalized: sanitized(basename),
    ...(filename === undefined ? {} : { filename, filenameNormalized: sanitized(filename) }),
  };
  const segments = path.split('/').filter(Boolean);
  if (isGo) {
    const own = { path: { path, ...names, segments } };
    return prefix ? { [prefix]: own } : own;
  }
  const name = prefix ? `${prefix}.path` : 'path';
  return {
    [name]: path,
    ...Object.fromEntries(Object.entries(names).map(([key, value]) => [`${name}.${key}`, value])),
    ...Object.fromEntries(segments.map((part, i) => [`${name}[${i}]`, part])),
  };
}

/** Values that a generator brings along may use its parameters. */
function withValues(field: Fields, parameters: Parameters, template: SetTemplate): Parameters {
  return field.has('values') ? template.nested('values', fill(template, field.stringMap('values'), parameters)) : {};
}

async function fromClusters(field: Fields, { clusters, template }: GeneratorWorld): Promise<readonly Generated[]> {
  const selects = selectorOf(field);
  const isSelective = Object.values(field.inner('selector').value).some((part) => part !== null && Object.keys(part as object).length > 0);
  return clusters
    .filter(({ labels }) => !isSelective || (labels !== undefined && selects(labels)))
    .map(({ name, server, project, labels = {}, annotations }) => {
      const own = { name, nameNormalized: sanitized(name), server, project, ...template.nested('metadata', { labels, annotations }) };
      return plain({ ...own, ...withValues(field, own, template) });
    });
}

async function fromMatrix(field: Fields, world: GeneratorWorld, faults: FieldFault[], depth: number): Promise<readonly Generated[]> {
  const [first, second, ...others] = field.inners('generators');
  if (!first || !second || others.length) {
    field.fault('generators', 'a matrix is made of two generators');
    return [];
  }
  const { template } = world;
  const out: Generated[] = [];
  for (const outer of await generate(first, world, faults, depth + 1)) {
    // the second one may use what the first one gives
    const filled = new Fields(fill(template, second.value, outer.parameters), field.at('generators[1]'), faults);
    for (const inner of await generate(filled, world, faults, depth + 1)) {
      const { parameters, differing } = template.combined(outer.parameters, inner.parameters);
      if (differing !== undefined)
        field.fault('generators', `both give the parameter ${differing}, and not the same value`, 'give one of them a pathParamPrefix');
      else if (out.length <= MAX_GENERATED) out.push(plain(parameters));
    }
  }
  return out;
}

async function fromMerge(field: Fields, world: GeneratorWorld, faults: FieldFault[], depth: number): Promise<readonly Generated[]> {
  const keys = field.strings('mergeKeys');
  if (keys.length === 0) field.fault('mergeKeys', 'is required');
  const [base, ...others] = field.inners('generators');
  if (!base || others.length === 0) {
    field.fault('generators', 'a merge is made of two generators or more');
    return [];
  }
  const keyOf = ({ parameters }: Generated): string => {
    const flat = flattened(parameters);
    return JSON.stringify(keys.map((key) => flat[key] ?? null));
  };
  const merged = new Map<string, Generated>();
  for (const generated of await generate(base, world, faults, depth + 1)) {
    if (merged.has(keyOf(generated))) field.fault('generators[0]', `gives the same ${keys.join(', ')} more than once`);
    merged.set(keyOf(generated), generated);
  }
  for (const other of others)
    for (const generated of await generate(other, world, faults, depth + 1)) {
      const known = merged.get(keyOf(generated));
      if (known) merged.set(keyOf(generated), plain(applyMergePatch(known.parameters as JsonObject, generated.parameters) as JsonObject));
    }
  return [...merged.values()];
}
