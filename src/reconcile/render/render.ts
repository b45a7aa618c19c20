// A source to the objects that it stands for. Directories that a tool builds (Kustomize, Helm) are told from those of plain manifests
// here, and each part goes to its renderer.
import type { Snapshot, SourceFile } from '../source/snapshot.ts';
import { inReadingOrder, type ManifestError } from './manifest-error.ts';
import { isManifest, isNamed, loadManifests, unreadable, type LoadOptions, type Manifests } from './manifests.ts';

/** Renders a snapshot. Never throws for bad input. */
export async function render(snapshot: Snapshot, options: LoadOptions = {}): Promise<Manifests> {
  const named = isNamed(snapshot);
  const builds = named ? [] : findBuilds(snapshot.files);
  const plain = snapshot.files.filter(
    (file) => named || (isManifest(file, snapshot) && !builds.some((build) => isIn(build.directory, file.path))),
  );
  const loaded = await loadManifests(snapshot, plain, options);
  const refused = snapshot.refused.filter(({ path }) => !builds.some((build) => isIn(build.directory, path)));
  const errors = [...loaded.errors, ...refused.map(({ path, error }) => unreadable(path, error)), ...builds.map(notSupported)];
  return { ...loaded, errors: inReadingOrder(errors) };
}

/** A directory that a tool builds. */
interface Build {
  readonly directory: string;
  /** The file that says so. */
  readonly file: string;
  readonly tool: 'Kustomize' | 'Helm';
}

const BUILD_FILES: ReadonlyMap<string, Build['tool']> = new Map([
  ['kustomization.yaml', 'Kustomize'],
  ['kustomization.yml', 'Kustomize'],
  ['Kustomization', 'Kustomize'],
  ['Chart.yaml', 'Helm'],
]);

/**
 * The outermost directories that tools build. What lies in them is never read as plain manifests: patches, bases without their name
 * prefix, and templates are not what their author wants to be applied.
 */
function findBuilds(files: readonly SourceFile[]): readonly Build[] {
  const builds: Build[] = [];
  for (const { path } of files) {
    const slash = path.lastIndexOf('/');
    const tool = BUILD_FILES.get(path.slice(slash + 1));
    if (tool) builds.push({ directory: path.slice(0, Math.max(slash, 0)), file: path, tool });
  }
  builds.sort((a, b) => a.directory.length - b.directory.length);
  const outermost: Build[] = [];
  for (const build of builds)
    if (!outermost.some((outer) => outer.directory === build.directory || isIn(outer.directory, build.directory))) outermost.push(build);
  return outermost;
}

const isIn = (directory: string, path: string): boolean => directory === '' || path.startsWith(`${directory}/`);

const RENDER_FIRST: Readonly<Record<Build['tool'], (directory: string) => string>> = {
  Kustomize: (directory) => `render it first (kubectl kustomize ${directory || '.'} | jibe … -), or exclude it`,
  Helm: (directory) => `render it first (helm template ${directory || '.'} | jibe … -), or exclude it`,
};

const notSupported = ({ directory, file, tool }: Build): ManifestError => ({
  file,
  line: 1,
  column: 1,
  path: '',
  message: `${directory || 'the source'} is built by ${tool}, which is not supported`,
  hint: RENDER_FIRST[tool](directory),
});
