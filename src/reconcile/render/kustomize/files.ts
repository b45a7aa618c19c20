// The files that kustomizations name, read from the tree around the source: never from outside of it, whatever paths and links say, and,
// as in kustomize, files only from the kustomization's own directory and below. Bounded in bytes. What lies
// elsewhere: remotes.ts.
import { looksLikeJson, splitJson, splitYaml } from '../../../apimachinery/yaml/documents.ts';
import { readJson, readYaml } from '../../../apimachinery/yaml/read.ts';
import { resolvePlain, resolvePlainV3 } from '../../../apimachinery/yaml/scalar.ts';
import { MAX_SOURCE_BYTES } from '../../source/limits.ts';
import { megabytes, SourceError } from '../../source/source-error.ts';
import { fromSource, type Found, type SourceTree } from '../../source/source-tree.ts';
import type { ManifestCache } from '../manifest-cache.ts';
import { ManifestDocument } from '../manifest-document.ts';
import type { PlacedDocument } from '../origin.ts';
import { Lines } from '../positions.ts';
import { recognise } from '../recognise.ts';
import { decrypt, isEncrypted } from '../sops.ts';
import { decodeText } from '../text.ts';
import { KustomizeError } from './kustomize-error.ts';
import { isRemote } from './remote-address.ts';
import { MOUNT, Remotes } from './remotes.ts';

/** A document as kustomize reads it: its value is shared, and must not be changed. */
export interface ParsedDocument {
  readonly document: ManifestDocument;
  readonly value: unknown;
}

export interface PlacedValue extends PlacedDocument {
  readonly value: unknown;
}

/** A file that was read; `name` is how it is shown. */
export interface LoadedFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** How YAML is read. */
export type Dialect = 'resources' | 'own';

export class BuildFiles {
  readonly tree: SourceTree;
  private readonly cache: ManifestCache;
  private bytes = 0;
  /** Where files lie that were read, by the names under which they are shown. */
  private readonly paths = new Map<string, string>();
  readonly remotes: Remotes;

  constructor(tree: SourceTree, cache: ManifestCache) {
    this.remotes = new Remotes(tree.elsewhere);
    this.tree = tree;
    this.cache = cache;
  }

  /** How a path of the tree is shown. */
  shown(path: string): string {
    return MOUNT.test(path) ? this.remotes.shown(path) : fromSource(this.tree.prefix, path);
  }

  /** What a path leads to, as seen from a directory. Undefined where there is nothing. */
  async find(directory: string, path: string): Promise<Found | undefined> {
    if (isRemote(path)) return this.remotes.find(path);
    try {
      return await this.at(joined(directory, path));
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      throw new KustomizeError(`${path}: ${error.message}`, { ...(error.hint ? { hint: error.hint } : {}), cause: error });
    }
  }

  private at(path: string): Promise<Found | undefined> {
    return MOUNT.test(path) ? this.remotes.findIn(path) : this.tree.find(path);
  }

  /** Reads a file of a kustomization in `directory`. */
  async load(directory: string, path: string): Promise<LoadedFile> {
    const found = await this.find(directory, path);
    if (!found) throw new KustomizeError(`${path}: no such file`);
    if (found.kind !== 'file') throw new KustomizeError(`'${path}' must resolve to a file`);
    if (directory !== '' && !isRemote(path) && !found.path.startsWith(`${directory}/`))
      throw new KustomizeError(`security; file '${this.shown(found.path)}' is not in or below '${this.shown(directory) || '.'}'`, {
        hint: 'files must lie below the kustomization that names them; give their directory a kustomization of its own, and name the directory',
      });
    return this.read(found);
  }

  async read(found: Found & { readonly kind: 'file' }): Promise<LoadedFile> {
    try {
      const bytes = await found.file.read();
      this.bytes += bytes.length;
      if (this.bytes > MAX_SOURCE_BYTES)
        throw new SourceError('TooLarge', found.file.path, `the build reads more than ${megabytes(MAX_SOURCE_BYTES)}`);
      this.paths.set(found.file.path, found.path);
      return { name: found.file.path, path: found.path, bytes };
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      throw new KustomizeError(error.message, { file: found.file.path, ...(error.hint ? { hint: error.hint } : {}), cause: error });
    }
  }

  /**
   * The documents of a file, empty ones among them.
   *
   * @param dialect kustomize reads resources and their patches as YAML 1.2 with go-yaml v3, but its own files and JSON patches as Kubernetes
   * reads YAML. Throws {@link KustomizeError} with the place of the first fault.
   */
  async documents({ name, bytes }: LoadedFile, dialect: Dialect = 'resources'): Promise<readonly PlacedValue[]> {
    const decoded = decodeText(bytes);
    if (decoded.fault) {
      const { line, column, message, hint } = decoded.fault;
      throw new KustomizeError(message, { file: name, position: { line, column }, hint });
    }
    return this.parse(decoded.text, name, dialect);
  }

  /** The documents of a file that was read before, by the name under which it is shown; none where it cannot be read again. */
  async reread(name: string): Promise<readonly PlacedValue[]> {
    try {
      const path = this.paths.get(name);
      const found = path === undefined ? undefined : await this.at(path);
      return found?.kind === 'file' ? (await this.documents(await this.read(found))).filter(({ value }) => value !== null) : [];
    } catch (error) {
      if (error instanceof KustomizeError) return [];
      throw error;
    }
  }

  /** @param name of the file, for errors */
  async parse(text: string, name: string, dialect: Dialect = 'resources'): Promise<readonly PlacedValue[]> {
    const json = looksLikeJson(text) ? splitJson(text) : undefined;
    const out: PlacedValue[] = [];
    const parts = json ?? splitYaml(text);
    for (const [i, part] of parts.entries()) {
      // a block of text at the very end of a file ends as the file does
      const isCut = !json && i === parts.length - 1 && !/[\r\n]$/.test(text);
      const own = isCut ? cutAtEnd(part.text) : part.text;
      const { document, value } = await this.parsed(own, json !== undefined ? 'json' : dialect, name, part.line);
      out.push({ document, value, firstLine: part.line });
      if (part.badSeparator !== undefined)
        throw new KustomizeError(`invalid document separator: ${JSON.stringify(`---${part.badSeparator}`).slice(0, 80)}`, { file: name });
    }
    return out;
  }

  private async parsed(text: string, dialect: Dialect | 'json', file: string, firstLine: number): Promise<ParsedDocument> {
    const key = `${dialect}\0${text}`;
    const known = this.cache.documents.kustomize.get(key);
    if (known) return known;
    const result =
      dialect === 'json' ? await readJson(text) : await readYaml(text, dialect === 'resources' ? resolvePlainV3 : resolvePlain);
    const fault = result.faults?.[0];
    if (fault) {
      const { line, column } = new Lines(text).at(fault.offset);
      const hint = fault.hint ?? recognise(text);
      const position = { line: firstLine + line - 1, column };
      throw new KustomizeError(fault.message, { file, position, ...(hint ? { hint } : {}) });
    }
    const value = result.faults ? undefined : await this.opened(result.value, file, firstLine);
    const parsed = { document: ManifestDocument.ofText(text), value };
    this.cache.documents.kustomize.set(key, parsed);
    return parsed;
  }

  /** What is encrypted is so no longer. */
  private async opened(value: unknown, file: string, line: number): Promise<unknown> {
    const { ageKeys } = this.cache;
    if (!ageKeys || !isEncrypted(value)) return value;
    const { value: plain, fault } = await decrypt(value, ageKeys);
    if (fault)
      throw new KustomizeError(`sops: ${fault.message}`, {
        file,
        position: { line, column: 1 },
        ...(fault.hint ? { hint: fault.hint } : {}),
      });
    return plain;
  }
}

/** A last line that nothing ends ends no block of text either: `|` at the end of such a document means `|-`. */
function cutAtEnd(text: string): string {
  const lines = text.split('\n');
  let deepest = Infinity;
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = lines[i]!;
    if (line.trim() === '') continue;
    const indent = line.length - line.trimStart().length;
    const header = /^((?:[^#]*[:-] )[|>]\d?)\+?(\s*(?:#.*)?)$/.exec(line);
    if (header && indent < deepest && deepest < Infinity) {
      lines[i] = `${header[1]}-${header[2]}`;
      return lines.join('\n');
    }
    if (indent === 0) return text;
    deepest = Math.min(deepest, indent);
  }
  return text;
}

/** Throws {@link KustomizeError} for paths that are absolute or lead out of the tree. */
export function joined(directory: string, path: string): string {
  if (path === '') throw new KustomizeError('the path is empty');
  if (path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path) || path.includes('\0'))
    throw new KustomizeError(`${path.replaceAll('\0', '')}: the path is absolute`, { hint: 'give a path relative to the kustomization' });
  const names = directory.split('/').filter(Boolean);
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.length === 0 || MOUNT.test(names.pop()!))
      throw new KustomizeError(`${path} leads out of the source`, {
        hint: 'nothing outside of the repository is read; without a repository name the directory that holds both, and this one with --path',
      });
  }
  return names.join('/');
}
