// Nodes. Follows pkg/registry/core/node.
import type { Node } from '#api/core/v1';
import { setNodeDefaults } from '../defaults/core-kinds.ts';
import { defaulting, define, typed, type DraftOf, type TypedStrategy } from '../generic/define.ts';
import type { Draft, ResourceDefinition } from '../generic/resource-definition.ts';
import { keep } from '../generic/status-strategy.ts';
import { nodeColumns } from '../tables/node.ts';
import { validateNode, validateNodeUpdate } from '../validation/node.ts';

const keepField = (node: DraftOf<Node>, old: Node, field: 'spec' | 'status'): void =>
  keep(node as unknown as Draft, old as unknown as Parameters<typeof keep>[1], field);

function warnings({ spec }: Node): string[] {
  return spec.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : [];
}

const nodeStrategy: TypedStrategy<Node> = {
  allowUnconditionalUpdate: true,
  resetFields: [['status']],
  // a node may be made with its status: kubelets report all at once
  validate: validateNode,
  warningsOnCreate: warnings,
  prepareForUpdate: (node, old) => keepField(node, old, 'status'),
  validateUpdate: (node, old) => [...validateNode(node), ...validateNodeUpdate(node, old)],
  warningsOnUpdate: warnings,
};

const nodeStatusStrategy: TypedStrategy<Node> = {
  allowUnconditionalUpdate: true,
  resetFields: [['spec']],
  prepareForUpdate: (node, old) => keepField(node, old, 'spec'),
  validateUpdate: validateNodeUpdate,
};

export function nodeObjects(): ResourceDefinition[] {
  return [
    define('', 'nodes', {
      shortNames: ['no'],
      storagePath: 'minions',
      versions: { v1: defaulting<Node>(setNodeDefaults) },
      strategy: typed(nodeStrategy),
      subresources: { status: { strategy: typed(nodeStatusStrategy) } },
      returnsDeletedObject: true,
      selectableFields: {
        names: ['spec.unschedulable'],
        read: ({ spec }) => ({ 'spec.unschedulable': String((spec as Node['spec'])?.unschedulable ?? false) }),
      },
      columns: nodeColumns,
    }),
  ];
}
