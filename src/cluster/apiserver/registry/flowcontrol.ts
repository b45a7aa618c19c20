// The resources of API group flowcontrol.apiserver.k8s.io: how a busy server shares itself out. Follows pkg/registry/flowcontrol.
import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1';
import { setFlowSchemaDefaults, setPriorityLevelDefaults } from '../defaults/flow-control.ts';
import { defaulting, define, typed } from '../generic/define.ts';
import type { ResourceDefinition, Strategy } from '../generic/resource-definition.ts';
import { specStrategy } from '../generic/spec-strategy.ts';
import { keep } from '../generic/status-strategy.ts';
import { flowSchemaColumns, priorityLevelColumns } from '../tables/flow-control.ts';
import { validateFlowControlConditions, validateFlowSchema } from '../validation/flow-schema.ts';
import { validatePriorityLevel } from '../validation/priority-level.ts';
import type { FieldError } from '../../../apimachinery/validation/field-error.ts';

const GROUP = 'flowcontrol.apiserver.k8s.io';

/** The status and nothing else: all metadata stays, but for who manages which field. */
const onlyStatus: Strategy = {
  allowUnconditionalUpdate: true,
  resetFields: [['spec'], ['metadata']],
  prepareForUpdate(object, old) {
    keep(object, old, 'spec');
    const { managedFields } = object.metadata;
    object.metadata = { ...old.metadata, ...(managedFields ? { managedFields } : {}) };
  },
  ...typed<FlowSchema | PriorityLevelConfiguration>({
    validateUpdate({ status }) {
      const errors: FieldError[] = [];
      validateFlowControlConditions(status?.conditions, errors);
      return errors;
    },
  }),
};

export function flowcontrolResources(): ResourceDefinition[] {
  return [
    define(GROUP, 'flowschemas', {
      versions: { v1: defaulting<FlowSchema>(setFlowSchemaDefaults) },
      strategy: {
        allowUnconditionalUpdate: true,
        ...specStrategy({ status: {} }),
        ...typed<FlowSchema>({ validate: validateFlowSchema, validateUpdate: (schema) => validateFlowSchema(schema) }),
      },
      subresources: { status: { strategy: onlyStatus } },
      columns: flowSchemaColumns,
    }),
    define(GROUP, 'prioritylevelconfigurations', {
      versions: { v1: defaulting<PriorityLevelConfiguration>(setPriorityLevelDefaults) },
      strategy: {
        allowUnconditionalUpdate: true,
        ...specStrategy({ status: {} }),
        ...typed<PriorityLevelConfiguration>({
          validate: validatePriorityLevel,
          validateUpdate: (level) => validatePriorityLevel(level),
        }),
      },
      subresources: { status: { strategy: onlyStatus } },
      columns: priorityLevelColumns,
    }),
  ];
}
