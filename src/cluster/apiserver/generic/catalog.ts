// All resources that the server has at this moment, found by group, version and plural. Custom resources come and go.
import { groupVersion } from '../../../apimachinery/object.ts';
import { versionOf, type ResourceDefinition, type VersionDefinition } from './resource-definition.ts';

export interface Served {
  readonly definition: ResourceDefinition;
  readonly version: VersionDefinition;
}

export class ResourceCatalog {
  private readonly byPath = new Map<string, Served>();
  private readonly byKind = new Map<string, Served>();
  private readonly byGroupResource = new Map<string, ResourceDefinition>();
  /** Grows with every change: for whoever caches what follows from the catalog. */
  generation = 0;

  /** @param serves whether a version of a built-in resource is on; all versions of custom resources are */
  add(definition: ResourceDefinition, serves: (definition: ResourceDefinition, version: VersionDefinition) => boolean = () => true): void {
    this.byGroupResource.set(`${definition.group}/${definition.resource}`, definition);
    for (const version of definition.versions) {
      if (!serves(definition, version)) continue;
      const served = { definition, version };
      const gv = groupVersion({ group: definition.group, version: version.version });
      this.byPath.set(`${gv}/${definition.resource}`, served);
      this.byKind.set(`${gv}/${version.kind}`, served);
    }
    this.generation++;
  }

  remove(definition: ResourceDefinition): void {
    this.byGroupResource.delete(`${definition.group}/${definition.resource}`);
    for (const version of definition.versions) {
      const gv = groupVersion({ group: definition.group, version: version.version });
      this.byPath.delete(`${gv}/${definition.resource}`);
      this.byKind.delete(`${gv}/${version.kind}`);
    }
    this.generation++;
  }

  find(group: string, version: string, resource: string): Served | undefined {
    return this.byPath.get(`${group ? `${group}/` : ''}${version}/${resource}`);
  }

  /** @param kind `apps/v1/Deployment` */
  findKind(kind: string): Served | undefined {
    return this.byKind.get(kind);
  }

  /** The definition, whichever versions are on. */
  findResource(group: string, resource: string): ResourceDefinition | undefined {
    return this.byGroupResource.get(`${group}/${resource}`);
  }

  /** Whether any version of the group is served. */
  hasGroup(group: string): boolean {
    for (const { definition } of this.byPath.values()) if (definition.group === group) return true;
    return false;
  }

  /** Whether the group is that of custom resources: they have a server of their own, with its own ways to refuse. */
  isCustomGroup(group: string): boolean {
    for (const { definition, version } of this.byPath.values()) if (definition.group === group && version.custom) return true;
    return false;
  }

  hasGroupVersion(group: string, version: string): boolean {
    for (const { definition, version: v } of this.byPath.values()) if (definition.group === group && v.version === version) return true;
    return false;
  }

  definitions(): readonly ResourceDefinition[] {
    return [...this.byGroupResource.values()];
  }

  /** What is served, in the order in which it was added. */
  served(): readonly Served[] {
    return [...this.byPath.values()];
  }
}

export const isServed = (version: VersionDefinition): boolean => !version.optional;
export { versionOf };
