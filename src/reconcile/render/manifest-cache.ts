// What has been parsed before: by a blob's id in git, so that its file need not even be read, and by a document's text. What one load
// does not use is forgotten by the end of the next, so the cache holds no more than two versions of a source.
import type { ManifestFile } from './manifest-file.ts';
import { keysOfEnvironment, type AgeKeys } from './sops.ts';
import type { ParsedDocument } from './kustomize/files.ts';
import type { ManifestDocument } from './manifest-document.ts';

export class ManifestCache {
  /** What opens encrypted Secrets; without it they stay as they are. What is kept here was opened with it, and is kept in memory alone. */
  readonly ageKeys: AgeKeys | undefined;
  readonly files = new Generations<ManifestFile>();
  readonly documents = {
    yaml: new Generations<ManifestDocument>(),
    json: new Generations<ManifestDocument>(),
    /** Written by the templates of charts. */
    templated: new Generations<ManifestDocument>(),
    /** As kustomize reads them. */
    kustomize: new Generations<ParsedDocument>(),
  };

  constructor(ageKeys: AgeKeys | 'leave encrypted' = keysOfEnvironment(process.env)) {
    this.ageKeys = ageKeys === 'leave encrypted' ? undefined : ageKeys;
  }

  /** To be called at the end of each load. */
  turn(): void {
    this.files.turn();
    this.documents.yaml.turn();
    this.documents.json.turn();
    this.documents.templated.turn();
    this.documents.kustomize.turn();
  }
}

/** A map that forgets what was neither set nor asked for between its last two turns. */
class Generations<T> {
  private young = new Map<string, T>();
  private old: ReadonlyMap<string, T> = new Map();

  get(key: string): T | undefined {
    const value = this.young.get(key) ?? this.old.get(key);
    if (value !== undefined) this.young.set(key, value);
    return value;
  }

  set(key: string, value: T): void {
    this.young.set(key, value);
  }

  turn(): void {
    this.old = this.young;
    this.young = new Map();
  }
}
