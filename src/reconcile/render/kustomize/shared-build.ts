// What the parts of one build share: the files that are read, warnings, how lists merge, and the bounds of the whole.
import type { SourceTree } from '../../source/source-tree.ts';
import type { DocumentSource, Steps } from '../field-origins.ts';
import type { ManifestCache } from '../manifest-cache.ts';
import type { ChartSettings } from '../helm/chart-options.ts';
import type { ManifestError } from '../manifest-error.ts';
import { BuildFiles } from './files.ts';
import { KustomizeError } from './kustomize-error.ts';
import { builtinMergeSchemas, type MergeSchemas } from './merge-keys.ts';

/** Levels of bases: as deep as directories may be nested. */
const MAX_LEVELS = 64;
/** Kustomizations of one build, each time that one is used: a base of many overlays is built many times. */
const MAX_KUSTOMIZATIONS = 10_000;
/** Resources of one build, each time that one is read. */
const MAX_RESOURCES = 500_000;

/** A kustomization that reads otherwise than it lies, since the definition of an app puts fields into it. */
export interface Overridden {
  /** Its path in the tree. */
  readonly file: string;
  /** Where a field of it is said. */
  readonly sourceOf: (at: Steps) => DocumentSource;
}

/** What the parts of one build share. */
export class Build {
  readonly files: BuildFiles;
  readonly warnings: ManifestError[] = [];
  /** How lists merge; the kustomization that is built may bring what stands in its place. */
  mergeSchemas: MergeSchemas = builtinMergeSchemas;
  private kustomizations = 0;
  private resources = 0;

  readonly overridden: Overridden | undefined;
  readonly cache: ManifestCache;
  /** How charts are rendered. */
  readonly charts: ChartSettings | undefined;

  constructor(tree: SourceTree, cache: ManifestCache, overridden?: Overridden, charts?: ChartSettings) {
    this.files = new BuildFiles(tree, cache);
    this.cache = cache;
    this.overridden = overridden;
    this.charts = charts;
  }

  countKustomization(levels: number): void {
    if (levels > MAX_LEVELS) throw new KustomizeError(`kustomizations are nested more than ${MAX_LEVELS} levels deep`);
    if (++this.kustomizations > MAX_KUSTOMIZATIONS)
      throw new KustomizeError(`the build is made of more than ${MAX_KUSTOMIZATIONS} kustomizations`);
  }

  countResources(count: number): void {
    this.resources += count;
    if (this.resources > MAX_RESOURCES) throw new KustomizeError(`the build reads more than ${MAX_RESOURCES} resources`);
  }
}
