// Nodes. Follows pkg/registry/core/node.
import type { Node } from '#api/core/v1';
import { setNodeDefaults } from '../defaults/core-kinds.ts';
import { proxyNode } from '../proxy/places.ts';
import { defaulting, define, typed, type DraftOf, type TypedStrategy } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import { keep } from '../generic/status-strategy.ts';
import { nodeColumns } from '../tables/node.ts';
import { validateNode, validateNodeUpdate } from '../validation/node.ts';

function warnings({ spec }: Node): string[] {
  return spec.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : [];
}

/** Kubelets are no longer configured by the server: what is not there yet cannot be set. */
function dropConfigSource(node: DraftOf<Node>, old: Node | undefined): void {
  if (node.spec?.configSource && !old?.spec?.configSource) {
    const { configSource: _, ...spec } = node.spec;
    node.spec = spec;
  }
  if (node.status?.config && !old?.status?.config) {
    const { config: _, ...status } = node.status;
    node.status = status;
  }
}

const nodeStrategy: TypedStrategy<Node> = {
  allowUnconditionalUpdate: true,
  resetFields: [['status']],
  prepareForCreate: (node) => dropConfigSource(node, undefined),
  // a node may be made with its status: kubelets report all at once
  validate: validateNode,
  warningsOnCreate: warnings,
  prepareForUpdate(node, old) {
    keep(node, old, 'status');
    dropConfigSource(node, old);
  },
  validateUpdate: (node, old) => [...validateNode(node), ...validateNodeUpdate(node, old)],
  warningsOnUpdate: warnings,
};

const nodeStatusStrategy: TypedStrategy<Node> = {
  allowUnconditionalUpdate: true,
  resetFields: [['spec']],
  prepareForUpdate: (node, old) => keep(node, old, 'spec'),
  validateUpdate: validateNodeUpdate,
};

export function nodeObjects(): ResourceDefinition[] {
  return [
    define('', 'nodes', {
      shortNames: ['no'],
      storagePath: 'minions',
      versions: { v1: defaulting<Node>(setNodeDefaults) },
      strategy: typed(nodeStrategy),
      subresources: { status: { strategy: typed(nodeStatusStrategy) }, proxy: { serve: proxyNode } },
      returnsDeletedObject: true,
      selectableFields: {
        names: ['spec.unschedulable'],
        read: ({ spec }) => ({ 'spec.unschedulable': String((spec as Node['spec'])?.unschedulable ?? false) }),
      },
      columns: nodeColumns,
    }),
  ];
}
