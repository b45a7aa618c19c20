// The resources of a build in their order, found by id. Looking up goes through an index that is made when it is first needed after ids
// have changed: whoever changes one calls `idsChanged`.
import { KustomizeError } from './kustomize-error.ts';
import { idKey, idText, type ResourceId } from './resource-id.ts';
import type { Resource } from './resource.ts';

export class ResourceMap {
  private list: Resource[] = [];
  private current: Map<string, Resource[]> | undefined;
  private any: Map<string, Resource[]> | undefined;

  get resources(): readonly Resource[] {
    return this.list;
  }

  idsChanged(): void {
    this.current = undefined;
    this.any = undefined;
  }

  /** Keeps those, in that order. */
  reset(resources: readonly Resource[]): void {
    this.list = [...resources];
    this.idsChanged();
  }

  append(resource: Resource): void {
    const { id } = resource;
    const [known] = this.byCurrentId(id);
    if (known)
      throw new KustomizeError(`may not add resource with an already registered id: ${idText(id)}`, {
        hint: `it is also at ${known.origin.file}:${known.origin.line}`,
      });
    this.list.push(resource);
    add(this.currentIndex(), idKey(id), resource);
    this.any = undefined;
  }

  appendAll(resources: readonly Resource[]): void {
    for (const resource of resources) this.append(resource);
  }

  replace(old: Resource, resource: Resource): void {
    this.list[this.list.indexOf(old)] = resource;
    this.idsChanged();
  }

  dropDeleted(): void {
    if (this.list.some(({ deleted }) => deleted)) this.reset(this.list.filter(({ deleted }) => !deleted));
  }

  byCurrentId(id: ResourceId): readonly Resource[] {
    return this.currentIndex().get(idKey(id)) ?? [];
  }

  /** Those that have the id, or once had it. */
  byAnyId(id: ResourceId): readonly Resource[] {
    if (!this.any) {
      this.any = new Map();
      for (const resource of this.list) {
        if (resource.deleted) continue;
        for (const key of new Set(resource.allIds.map(idKey))) add(this.any, key, resource);
      }
    }
    return this.any.get(idKey(id)) ?? [];
  }

  /** The one that a patch without target means. */
  target(id: ResourceId): Resource {
    const [found, ...more] = this.byAnyId(id);
    if (!found || more.length)
      throw new KustomizeError(`${found ? 'multiple' : 'no'} matches for Id ${idText(id)}; failed to find unique target for patch`, {
        hint: found ? 'name the target' : 'apiVersion, kind, name and namespace of the patch must be those of a resource',
      });
    return found;
  }

  /** The first id that two resources share now. */
  conflict(): readonly Resource[] | undefined {
    for (const resources of this.currentIndex().values()) if (resources.length > 1) return resources;
    return undefined;
  }

  private currentIndex(): Map<string, Resource[]> {
    if (!this.current) {
      this.current = new Map();
      for (const resource of this.list) if (!resource.deleted) add(this.current, idKey(resource.id), resource);
    }
    return this.current;
  }
}

function add(index: Map<string, Resource[]>, key: string, resource: Resource): void {
  const known = index.get(key);
  if (known) known.push(resource);
  else index.set(key, [resource]);
}
