// One kustomization and what it builds: its resources and bases, then what it generates, then its components, and on all of it its
// transformers, in kustomize's order. Follows kustomize's KustTarget.
import type { DocumentSource, Steps } from '../field-origins.ts';
import { fieldPath, type Place } from '../manifest-error.ts';
import { documentOrigin, ManifestOrigin, type PlacedDocument } from '../origin.ts';
import { positionsIn } from '../positions.ts';
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { Accumulator } from './accumulator.ts';
import type { Build, Overridden } from './shared-build.ts';
import type { LoadedFile } from './files.ts';
import { isRemote } from './remote-address.ts';
import { generate, mergedOptions, type Generated, type GeneratedKind } from './generators.ts';
import { COMPONENT, decodeKustomization, type GeneratorArgs, type Kustomization } from './kustomization.ts';
import { openApiSchemas } from './openapi-schema.ts';
import { KustomizeError, placed, type FieldPath } from './kustomize-error.ts';
import { Resource, type BuildOrigin } from './resource.ts';
import { resourcesIn } from './resource-files.ts';
import { runPlugin } from './plugins.ts';
import { configOfDefinitions, decodeConfiguration, DEFAULT_CONFIG, mergeConfigs } from './transformer-config.ts';
import { runTransformers } from './run-transformers.ts';
import { mergeVars } from './vars.ts';

export const KUSTOMIZATION_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

export class Target {
  readonly build: Build;
  /** In the tree; really there, behind all links. */
  readonly directory: string;
  readonly kustomization: Kustomization;
  /** The kustomization file, as it is shown. */
  readonly file: string;
  private readonly document: PlacedDocument;
  private readonly origin: ManifestOrigin;
  private readonly overridden: Overridden | undefined;
  private readonly parent: Target | undefined;
  /** For origin annotations: as seen from where the build began. */
  private readonly trail: string;
  private readonly buildMetadata: readonly string[];

  private constructor(
    build: Build,
    directory: string,
    file: LoadedFile,
    document: PlacedDocument,
    kustomization: Kustomization,
    parent: Target | undefined,
    trail: string,
  ) {
    this.build = build;
    this.directory = directory;
    this.file = file.name;
    this.document = document;
    this.kustomization = kustomization;
    this.parent = parent;
    this.trail = trail;
    this.origin = documentOrigin(file.name, 1, document);
    this.overridden = build.overridden?.file === file.path ? build.overridden : undefined;
    this.buildMetadata = parent ? parent.buildMetadata : kustomization.buildMetadata;
  }

  static async load(build: Build, directory: string, parent?: Target, trail = ''): Promise<Target> {
    let levels = 0;
    for (let above = parent; above; above = above.parent) levels++;
    build.countKustomization(levels);
    const found: LoadedFile[] = [];
    for (const name of KUSTOMIZATION_NAMES) {
      const file = await build.files.find(directory, name);
      if (file?.kind === 'file') found.push(await build.files.read(file));
    }
    const [file, ...others] = found;
    const shown = build.files.shown(directory) || '.';
    if (!file) throw new KustomizeError(`unable to find one of '${KUSTOMIZATION_NAMES.join("', '")}' in directory '${shown}'`);
    if (others.length) throw new KustomizeError(`Found multiple kustomization files under: ${shown}`, { file: file.name });
    try {
      const [document, second] = (await build.files.documents(file, 'own')).filter(({ value }) => value !== null);
      if (second) throw new KustomizeError('the file holds more than one document', { position: { line: second.firstLine, column: 1 } });
      const { kustomization, deprecated } = decodeKustomization(document?.value);
      const target = new Target(build, directory, file, document!, kustomization, parent, trail);
      for (const { field, instead } of deprecated)
        build.warnings.push({ ...(await target.place([field])), path: field, message: 'is deprecated', hint: `use ${instead} instead` });
      return target;
    } catch (error) {
      throw placed(error, { file: file.name, at: [] });
    }
  }

  async place(at: FieldPath): Promise<{ readonly file: string; readonly line: number; readonly column: number }> {
    const [position] = await positionsIn(this.document.document.text, [{ at }]);
    return { file: this.file, line: this.document.firstLine + position!.line - 1, column: position!.column };
  }

  /** A field of this kustomization, as what sets fields of resources. */
  sourceOf(...at: Steps): DocumentSource {
    return this.overridden?.sourceOf(at) ?? { origin: this.origin, at };
  }

  /** Runs a step; its errors stand at that field of this kustomization where they name no other file. */
  async at<T>(field: FieldPath, step: () => Promise<T> | T): Promise<T> {
    try {
      return await step();
    } catch (error) {
      throw placed(error, { file: this.file, at: field });
    }
  }

  load(path: string): Promise<LoadedFile> {
    return this.build.files.load(this.directory, path);
  }

  /** @param into of a component: what its user has gathered so far */
  async accumulate(into = new Accumulator()): Promise<Accumulator> {
    const { kustomization: k } = this;
    await this.refuseWhatIsNotBuilt();
    await this.addResources(into, k.resources, 'resources');
    await this.addResources(into, k.bases, 'bases');
    await this.configure(into);
    await this.generate(into, 'ConfigMap', k.configMapGenerator, 'configMapGenerator');
    await this.generate(into, 'Secret', k.secretGenerator, 'secretGenerator');
    await this.renderCharts(into);
    await this.runExternalGenerators(into);
    for (const [i, path] of k.components.entries()) {
      const component = await this.at(['components', i], () => this.base(path, true));
      await this.warnOfRemotes(['components', i]);
      await this.at(['components', i], () => component.accumulate(into));
    }
    await runTransformers(this, into);
    await this.runPlugins(into, 'transformers');
    await this.runPlugins(into, 'validators');
    await this.at([], () => mergeVars(into.map, into.vars, k.vars));
    return into;
  }

  private async refuseWhatIsNotBuilt(): Promise<void> {
    const { helmChartInflationGenerator, openapi } = this.kustomization;
    if (Array.isArray(helmChartInflationGenerator) && helmChartInflationGenerator.length)
      await this.at(['helmChartInflationGenerator'], () => {
        throw new KustomizeError('this old form is not built', { hint: 'use helmCharts, and helmGlobals for chartHome' });
      });
    if (openapi.version && openapi.version !== 'v1.21.2')
      await this.at(['openapi', 'version'], () => {
        throw new KustomizeError(`the specified OpenAPI version is not built in: ${openapi.version}`, { hint: 'v1.21.2 is' });
      });
  }

  /** Of the kustomization that is built; those of its bases do not count, as in kustomize. */
  async bringSchemas(): Promise<void> {
    const { path } = this.kustomization.openapi;
    if (!path) return;
    await this.at(['openapi', 'path'], async () => {
      const [document] = await this.build.files.documents(await this.load(path), 'own');
      this.build.mergeSchemas = openApiSchemas(document?.value);
    });
  }

  async addResources(into: Accumulator, paths: readonly string[], field: string): Promise<void> {
    for (const [i, path] of paths.entries()) {
      await this.at([field, i], async () => {
        const found = await this.build.files.find(this.directory, path);
        await this.warnOfRemotes([field, i]);
        if (!found) throw new KustomizeError(`${path}: no such file or directory`);
        if (found.kind === 'directory') {
          const base = await this.base(path, false);
          into.merge(await base.accumulate());
        } else into.map.appendAll(await this.resourcesOf(await this.load(path), path));
      });
    }
  }

  /** Of what was just fetched. */
  private async warnOfRemotes(at: FieldPath): Promise<void> {
    for (const note of this.build.files.remotes.takeNotes())
      this.build.warnings.push({ ...(await this.place(at)), path: fieldPath(at), ...note });
  }

  private async base(path: string, isComponent: boolean): Promise<Target> {
    const { files } = this.build;
    const found = await files.find(this.directory, path);
    if (!found) throw new KustomizeError(`${path}: no such directory`);
    if (found.kind !== 'directory') throw new KustomizeError(`'${path}' must resolve to a directory`);
    for (let above: Target | undefined = this; above; above = above.parent)
      if (found.path === '' || above.directory === found.path || above.directory.startsWith(`${found.path}/`))
        throw new KustomizeError(
          `cycle detected: candidate root '${files.shown(found.path) || '.'}' contains visited root '${files.shown(above.directory) || '.'}'`,
        );
    const base = await Target.load(this.build, found.path, this, joinTrail(this.trail, path));
    if ((base.kustomization.kind === COMPONENT) !== isComponent)
      throw new KustomizeError(
        isComponent
          ? `expected kind 'Component' for path '${path}' but got '${base.kustomization.kind}'`
          : `expected kind != 'Component' for path '${path}'`,
        { hint: isComponent ? 'name it under resources' : 'name it under components' },
      );
    return base;
  }

  private async resourcesOf(file: LoadedFile, path: string): Promise<readonly Resource[]> {
    const resources = await resourcesIn(await this.build.files.documents(file), file.name, this.build.mergeSchemas);
    this.build.countResources(resources.length);
    if (this.buildMetadata.length) for (const resource of resources) resource.buildOrigin = { path: joinTrail(this.trail, path) };
    return resources;
  }

  /** Where a transformer or generator of this kustomization is configured; undefined where nobody asks. */
  configuredBy(kind: string): BuildOrigin | undefined {
    if (this.buildMetadata.length === 0) return undefined;
    const name = this.file.split('/').at(-1)!;
    return { configuredIn: joinTrail(this.trail, name), configuredBy: { apiVersion: 'builtin', kind } };
  }

  private async configure(into: Accumulator): Promise<void> {
    let config = DEFAULT_CONFIG;
    const add = (field: string, paths: readonly string[], decode: (value: unknown) => typeof config): Promise<unknown> =>
      this.each(field, paths, async (path) => {
        const file = await this.load(path);
        for (const { value } of await this.build.files.documents(file, 'own')) {
          try {
            config = mergeConfigs(config, decode(value));
          } catch (error) {
            throw placed(error, { file: file.name, at: [] });
          }
        }
      });
    await add('configurations', this.kustomization.configurations, decodeConfiguration);
    await add('crds', this.kustomization.crds, configOfDefinitions);
    into.config = mergeConfigs(into.config, config);
  }

  /** Runs a step for each item of a list, with its errors at the item. */
  async each<T>(field: string, items: readonly T[], step: (item: T, i: number) => Promise<unknown> | unknown): Promise<void> {
    for (const [i, item] of items.entries()) await this.at([field, i], () => step(item, i));
  }

  private async generate(into: Accumulator, kind: GeneratedKind, all: readonly GeneratorArgs[], field: string): Promise<void> {
    await this.each(field, all, async (args, i) => {
      const load = async (path: string, at: FieldPath): Promise<LoadedFile> => {
        try {
          return await this.load(path);
        } catch (error) {
          throw placed(error, { file: this.file, at: [field, i, ...at] });
        }
      };
      const generated = await generate(kind, args, mergedOptions(args.options, this.kustomization.generatorOptions), load);
      const at = [field, i];
      const { file, line } = await this.place(at);
      const resource = new Resource(generated.object, new ManifestOrigin({ file, document: 1, line }, { ...this.document, at }));
      noteKeys(resource, generated, (...inside) => this.sourceOf(...at, ...inside));
      resource.behavior = generated.behavior;
      resource.needsHash = generated.needsHash;
      resource.buildOrigin = this.configuredBy(`${kind}Generator`);
      into.absorb(resource);
    });
  }

  private async renderCharts(into: Accumulator): Promise<void> {
    const { helmCharts, helmGlobals } = this.kustomization;
    await this.each('helmCharts', helmCharts, async (args, i) => {
      const { chartResources } = await import('./helm-charts.ts');
      const placeSaid = (field: string): Promise<Place> =>
        this.place([
          'helmCharts',
          i,
          ...field
            .split(/[[\].]+/)
            .filter(Boolean)
            .map((step) => (/^\d+$/.test(step) ? Number(step) : step)),
        ]);
      for (const resource of await chartResources(this.build, this.directory, this.file, args, helmGlobals, placeSaid)) {
        resource.buildOrigin = this.configuredBy('HelmChartInflationGenerator');
        into.absorb(resource);
      }
    });
  }

  /** The configurations of plugins: files, directories, or written in place. */
  private async plugins(field: 'generators' | 'transformers' | 'validators'): Promise<readonly Resource[]> {
    const into = new Accumulator();
    await this.each(field, this.kustomization[field], async (entry, i) => {
      if (!/[\n{]/.test(entry)) return this.addResources(into, [entry], field);
      const documents = await this.build.files.parse(entry, this.file);
      const { line } = await this.place([field, i]);
      const there = documents.map((document) => ({ ...document, firstLine: line + document.firstLine }));
      into.map.appendAll(await resourcesIn(there, this.file, this.build.mergeSchemas));
      return undefined;
    });
    return into.map.resources;
  }

  private async runPlugins(into: Accumulator, field: 'transformers' | 'validators'): Promise<void> {
    for (const plugin of await this.plugins(field)) {
      try {
        await runPlugin(this, plugin, into);
      } catch (error) {
        throw placed(error, { file: plugin.origin.file, at: plugin.origin.source.at });
      }
      into.map.dropDeleted();
    }
  }

  private async runExternalGenerators(into: Accumulator): Promise<void> {
    for (const plugin of await this.plugins('generators')) {
      const kind = plugin.object.apiVersion === 'builtin' ? /^(ConfigMap|Secret)Generator$/.exec(plugin.kind)?.[1] : undefined;
      if (!kind)
        throw new KustomizeError(`generator ${plugin.kind} is a plugin, and plugins are not run`, {
          file: plugin.origin.file,
          hint: 'built in are ConfigMapGenerator and SecretGenerator (apiVersion: builtin)',
        });
      const { metadata, apiVersion: _, kind: __, ...rest } = plugin.object;
      const { name, namespace } = metadata as JsonObject;
      const { configMapGenerator, secretGenerator } = decodeKustomization({
        [kind === 'Secret' ? 'secretGenerator' : 'configMapGenerator']: [{ name, namespace, ...rest }],
      }).kustomization;
      const [args] = [...configMapGenerator, ...secretGenerator];
      const generated = await generate(kind as GeneratedKind, args!, args!.options, (path) => this.load(path));
      const resource = new Resource(generated.object, plugin.origin);
      noteKeys(resource, generated, (...at) => ({ origin: plugin.origin, at }));
      resource.behavior = generated.behavior;
      resource.needsHash = generated.needsHash;
      into.absorb(resource);
    }
  }
}

/** Notes what each key of generated data is made of. @param sourceOf a field of the generator */
function noteKeys({ object, origins }: Resource, { keys }: Generated, sourceOf: (...at: Steps) => DocumentSource): void {
  for (const part of [object.data, object.binaryData]) {
    if (!isObject(part)) continue;
    for (const key of Object.keys(part)) {
      const { at, file, line = 1 } = keys.get(key)!;
      origins.set(part, key, undefined, file === undefined ? sourceOf(...at) : { place: { file, line, column: 1 } });
    }
  }
}

const joinTrail = (trail: string, path: string): string => {
  if (isRemote(path)) return path;
  const names: string[] = [];
  for (const name of [...trail.split('/'), ...path.split('/')]) {
    if (name === '' || name === '.') continue;
    if (name === '..' && names.length && names.at(-1) !== '..') names.pop();
    else names.push(name);
  }
  return names.join('/');
};
