// Plain manifests: the YAML and JSON files of a source to objects, each with its origin. What is wrong with one file or document is
// told and does not stop the others.
//
// Like `kubectl apply -R -f dir`: *.yaml, *.yml and *.json at any depth, and a file that is named itself whatever it is called. Like
// Argo CD's directory source: YAML that does not claim to be a Kubernetes object (no apiVersion, no kind, no metadata) does not make a
// directory fail; but while Argo CD passes over it in silence, here it is a warning, and an error in a file that was named itself.
// Unlike both: names that begin with a dot (.github, .gitlab-ci.yml) are passed over.
import { splitApiVersion } from '../../apimachinery/object.ts';
import { MAX_SOURCE_BYTES } from '../source/limits.ts';
import type { Snapshot, SourceFile } from '../source/snapshot.ts';
import { megabytes, SourceError } from '../source/source-error.ts';
import { ManifestCache } from './manifest-cache.ts';
import type { DesiredObject } from './manifest-document.ts';
import { fieldPath, inReadingOrder, type ManifestError } from './manifest-error.ts';
import { readManifestFile, type ManifestFile } from './manifest-file.ts';
import { ManifestOrigin } from './origin.ts';
import type { Position } from './positions.ts';

/** An object that should be, and where it says so. Immutable; objects may be shared with earlier loads. */
export interface Manifest {
  readonly object: DesiredObject;
  readonly origin: ManifestOrigin;
}

export interface Manifests {
  /** In the order of files and documents. Of objects that are there twice, the first. */
  readonly manifests: readonly Manifest[];
  readonly errors: readonly ManifestError[];
  /** What was passed over. */
  readonly warnings: readonly ManifestError[];
}

export interface LoadOptions {
  /** Of earlier loads of the same source: what has not changed is not parsed, and from git not even read, again. */
  readonly cache?: ManifestCache;
  /** Where objects go that name no namespace; so that two of them that mean the same are found. */
  readonly defaultNamespace?: string;
}

const MANIFEST_NAME = /\.(?:ya?ml|json)$/i;

/** Whether a file of a directory is taken for a manifest. A directory that was named itself may be hidden. */
export const isManifest = ({ path }: SourceFile, { path: named }: Snapshot): boolean =>
  MANIFEST_NAME.test(path) && !/(?:^|\/)\./.test(named ? path.slice(named.length + 1) : path);

/** Whether the source is a single file that was named itself: then it is meant to hold manifests, whatever it is called. */
export const isNamed = ({ type, path, files }: Snapshot): boolean =>
  type === 'file' || type === 'stdin' || (files.length === 1 && files[0]!.path === path);

/** Files that are read ahead while one is parsed. */
const READ_AHEAD = 8;

/** Loads the given files of a snapshot. Never throws for bad input. */
export async function loadManifests(snapshot: Snapshot, files: readonly SourceFile[], options: LoadOptions = {}): Promise<Manifests> {
  const loader = new Loader(isNamed(snapshot), options);
  const cache = options.cache ?? new ManifestCache();
  const readings: (ReturnType<Loader['read']> | undefined)[] = files.slice(0, READ_AHEAD).map((file) => loader.read(file, cache));
  for (const [i, file] of files.entries()) {
    const reading = await readings[i]!;
    const next = files[i + READ_AHEAD];
    if (next) readings.push(loader.read(next, cache));
    readings[i] = undefined;
    if (!reading) continue;
    const parsed = reading instanceof Uint8Array ? await readManifestFile(reading, cache) : reading;
    if (file.oid !== undefined) cache.files.set(file.oid, parsed);
    loader.add(file.path, parsed);
  }
  cache.turn();
  return loader.result();
}

class Loader {
  private readonly manifests: Manifest[] = [];
  private readonly errors: ManifestError[] = [];
  private readonly warnings: ManifestError[] = [];
  private readonly named: boolean;
  private readonly defaultNamespace: string;
  private readonly first = new Map<string, Manifest>();
  private bytes = 0;

  /** @param named the file was named itself: it is meant to hold manifests */
  constructor(named: boolean, options: LoadOptions) {
    this.named = named;
    this.defaultNamespace = options.defaultNamespace ?? 'default';
  }

  /** What is known of a file, or its bytes; undefined, and told, where it cannot be read. */
  async read(file: SourceFile, cache: ManifestCache): Promise<ManifestFile | Uint8Array | undefined> {
    const known = file.oid === undefined ? undefined : cache.files.get(file.oid);
    if (known) return known;
    try {
      if (this.bytes > MAX_SOURCE_BYTES)
        throw new SourceError(
          'TooLarge',
          file.path,
          `the source has more than ${megabytes(MAX_SOURCE_BYTES)} of manifests`,
          'read a part of it (--path)',
        );
      const bytes = await file.read();
      this.bytes += bytes.length;
      return bytes;
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      this.errors.push(unreadable(file.path, error));
      return undefined;
    }
  }

  add(file: string, { documents, faults }: ManifestFile): void {
    for (const { hint, ...fault } of faults) this.errors.push({ file, path: '', ...fault, ...(hint ? { hint } : {}) });
    for (const [i, { document, firstLine }] of documents.entries()) {
      const inFile = ({ line, column }: Position): Position => ({ line: firstLine + line - 1, column });
      for (const { at, position, message, hint, foreign } of document.faults) {
        const error = { file, ...inFile(position), path: fieldPath(at), message, ...(hint ? { hint } : {}) };
        (foreign && !this.named ? this.warnings : this.errors).push(error);
      }
      for (const { object, at, position } of document.entries) {
        const { line, column } = inFile(position);
        const origin = new ManifestOrigin({ file, document: i + 1, line }, { document, firstLine, at });
        this.keep({ object, origin }, { line, column });
      }
    }
  }

  private keep(manifest: Manifest, position: Position): void {
    const { object, origin } = manifest;
    const { name, namespace } = object.metadata;
    if (name) {
      const { group } = splitApiVersion(object.apiVersion);
      const key = [group, object.kind, namespace || this.defaultNamespace, name].join('\0');
      const first = this.first.get(key);
      if (first) {
        const what = `${object.kind} ${JSON.stringify(name)}${namespace ? ` in namespace ${JSON.stringify(namespace)}` : ''}`;
        const message = `${what} is also at ${first.origin.file}:${first.origin.line}`;
        this.errors.push({ file: origin.file, ...position, path: '', message, hint: 'remove or rename one of them' });
        return;
      }
      this.first.set(key, manifest);
    }
    this.manifests.push(manifest);
  }

  result(): Manifests {
    return { manifests: this.manifests, errors: inReadingOrder(this.errors), warnings: inReadingOrder(this.warnings) };
  }
}

/** A file that cannot be read, as an error of that file. */
export const unreadable = (file: string, { message, hint }: SourceError): ManifestError => ({
  file,
  line: 1,
  column: 1,
  path: '',
  message,
  ...(hint ? { hint } : {}),
});
