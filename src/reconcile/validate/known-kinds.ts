// Which kinds there are: those that Kubernetes serves, those that a CustomResourceDefinition of the same change adds, and those that a
// cluster is known to serve besides. And for a kind that is none of them: why, and what to write instead.
import { groupVersion, splitApiVersion } from '../../apimachinery/object.ts';
import { builtinKinds } from '../../apimachinery/schema/schema.ts';
import { closest } from '../closest.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import { customKinds, type CustomKind } from './custom-kind.ts';
import { REMOVED_APIS } from './removed-apis.ts';

export interface KnownKind {
  readonly namespaced: boolean;
  /** Name of its Go type, of a built-in kind. */
  readonly type?: string;
  /** Of a kind that a CustomResourceDefinition describes. */
  readonly custom?: CustomKind;
}

/** What a cluster serves; kinds that it does not know are not in it. */
export type ServedKinds = (apiVersion: string, kind: string) => { readonly namespaced: boolean } | undefined;

export class KnownKinds {
  /** By apiVersion, then by kind. */
  private readonly versions = new Map<string, Map<string, KnownKind>>();
  private readonly others: ServedKinds;

  constructor(custom: readonly CustomKind[], served: ServedKinds = () => undefined) {
    this.others = served;
    for (const facts of builtinKinds())
      this.add(groupVersion(facts), facts.kind, { namespaced: facts.namespaced ?? false, type: facts.type });
    for (const kind of custom) this.add(groupVersion(kind), kind.kind, { namespaced: kind.namespaced, custom: kind });
  }

  /** With those that definitions among these objects add. */
  static beside(objects: readonly DesiredObject[], served?: ServedKinds): KnownKinds {
    return new KnownKinds(objects.flatMap(customKinds), served);
  }

  private add(apiVersion: string, kind: string, known: KnownKind): void {
    let kinds = this.versions.get(apiVersion);
    if (!kinds) {
      kinds = new Map();
      this.versions.set(apiVersion, kinds);
    }
    kinds.set(kind, known);
  }

  get(apiVersion: string, kind: string): KnownKind | undefined {
    return this.versions.get(apiVersion)?.get(kind) ?? this.others(apiVersion, kind);
  }

  /** As kinds that are served to somebody else. */
  get served(): ServedKinds {
    return (apiVersion, kind) => this.get(apiVersion, kind);
  }

  /** Of a group that nothing here has or resembles: it may well be a custom resource that is defined elsewhere. */
  isForeign(apiVersion: string): boolean {
    const { group } = splitApiVersion(apiVersion);
    if (!group.includes('.') || closest(apiVersion, this.versions.keys(), 2) !== undefined) return false;
    return ![...this.versions.keys()].some((version) => splitApiVersion(version).group === group);
  }

  /** What is wrong with a kind that is not known. */
  explain(apiVersion: string, kind: string): { readonly path: 'apiVersion' | 'kind'; readonly message: string; readonly hint: string } {
    const unknown = `no matches for kind "${kind}" in version "${apiVersion}"`;
    const removed = REMOVED_APIS.get(`${apiVersion}/${kind}`);
    if (removed) {
      return {
        path: 'apiVersion',
        message: `${unknown}: it was removed in Kubernetes ${removed.removedIn}`,
        hint: [removed.use && `use ${removed.use}`, removed.note].filter(Boolean).join('; '),
      };
    }
    const elsewhere = [...this.versions].filter(([, kinds]) => kinds.has(kind)).map(([version]) => version);
    const kinds = this.versions.get(apiVersion);
    if (kinds) {
      const similar = closest(kind, kinds.keys());
      if (similar) return { path: 'kind', message: unknown, hint: `did you mean ${similar}?` };
      if (elsewhere.length) return { path: 'apiVersion', message: unknown, hint: `${kind} is in ${elsewhere.join(', ')}` };
      return { path: 'kind', message: unknown, hint: `${apiVersion} has ${some([...kinds.keys()])}` };
    }
    if (elsewhere.length) return { path: 'apiVersion', message: unknown, hint: `${kind} is in ${elsewhere.join(', ')}` };
    const { group } = splitApiVersion(apiVersion);
    const versions = [...this.versions.keys()].filter((version) => splitApiVersion(version).group === group);
    if (versions.length && group) return { path: 'apiVersion', message: unknown, hint: `the group ${group} has ${versions.join(', ')}` };
    const similar = closest(apiVersion, this.versions.keys(), 2);
    if (similar) return { path: 'apiVersion', message: unknown, hint: `did you mean ${similar}?` };
    return {
      path: 'apiVersion',
      message: unknown,
      hint: 'a custom resource? Add its CustomResourceDefinition to the source, or install it first; sync, preview and validate take it as it stands with --assume-kinds',
    };
  }
}

const some = (names: readonly string[]): string => (names.length > 8 ? `${names.slice(0, 8).join(', ')} and others` : names.join(', '));
