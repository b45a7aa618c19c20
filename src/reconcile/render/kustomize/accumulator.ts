// What a kustomization gathers before it hands it up: resources, the fields that transformers work on, and vars.
import { mergeConfigs, EMPTY_CONFIG, type TransformerConfig } from './transformer-config.ts';
import type { Var } from './kustomization.ts';
import { KustomizeError } from './kustomize-error.ts';
import { idText } from './resource-id.ts';
import { ResourceMap } from './resource-map.ts';
import type { Resource } from './resource.ts';
import { addVar } from './vars.ts';

export class Accumulator {
  readonly map = new ResourceMap();
  readonly vars = new Map<string, Var>();
  config: TransformerConfig = EMPTY_CONFIG;

  merge(other: Accumulator): void {
    this.map.appendAll(other.map.resources);
    this.config = mergeConfigs(this.config, other.config);
    for (const item of other.vars.values()) addVar(this.vars, item, []);
  }

  /** Takes in what was generated: as something new, or merged into what is there, or in its place. */
  absorb(resource: Resource): void {
    const { id } = resource;
    const matches = this.map.byAnyId(id);
    const [old] = matches;
    if (!old) {
      if (resource.behavior !== 'create')
        throw new KustomizeError(`id ${idText(id)} does not exist; cannot merge or replace`, { at: ['behavior'] });
      this.map.append(resource);
      return;
    }
    if (matches.length > 1) throw new KustomizeError(`found multiple objects that could accept merge of ${idText(id)}`);
    if (resource.behavior === 'create')
      throw new KustomizeError(`id ${idText(id)} exists; behavior must be merge or replace`, {
        at: ['behavior'],
        hint: `it is at ${old.origin.file}:${old.origin.line}`,
      });
    const { behavior } = resource;
    resource.needsHash &&= old.needsHash;
    for (const field of ['labels', 'annotations'] as const)
      resource.setStringMap(field, { ...old.stringMap(field), ...resource.stringMap(field) });
    resource.name = old.name;
    resource.namespace = old.namespace;
    resource.inherit(old);
    if (behavior === 'merge') {
      for (const field of ['data', 'binaryData']) {
        const [before, own] = [old.object[field] as object | undefined, resource.object[field] as object | undefined];
        const merged = { ...before, ...own };
        for (const part of [before, own]) if (part) resource.origins.carry(part, merged);
        if (Object.keys(merged).length) resource.object[field] = merged;
      }
      resource.buildOrigin = old.buildOrigin;
    }
    this.map.replace(old, resource);
  }
}
