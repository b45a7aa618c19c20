// What has pod templates in the core group: PodTemplates and ReplicationControllers.
import type { PodTemplate, ReplicationController } from '#api/core/v1';
import { LabelSelector } from '../../../apimachinery/label-selector.ts';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { Path } from '../../../apimachinery/validation/field-error.ts';
import { setPodTemplateDefaults } from '../defaults/pod.ts';
import { setReplicationControllerDefaults } from '../defaults/workloads.ts';
import { defaulting, define, typed, type TypedStrategy } from '../generic/define.ts';
import { bumpGeneration } from '../generic/generation.ts';
import type { Draft, ResourceDefinition, Strategy } from '../generic/resource-definition.ts';
import { scaleSubresource } from '../generic/scale.ts';
import { keep } from '../generic/status-strategy.ts';
import { templateWithoutDisabledFields } from '../pod/disabled-fields.ts';
import { podTemplateColumns, replicationControllerColumns } from '../tables/workloads.ts';
import { validatePodTemplate, validatePodTemplateUpdate } from '../validation/pod/pod.ts';
import {
  validateReplicationController,
  validateReplicationControllerStatusUpdate,
  validateReplicationControllerUpdate,
} from '../validation/replication-controller.ts';
import { nameWarnings, podTemplateWarnings } from '../warnings/pod.ts';

const TEMPLATE = Path.of('template');
const SPEC_TEMPLATE = Path.of('spec', 'template');

const podTemplateStrategy: TypedStrategy<PodTemplate> = {
  allowUnconditionalUpdate: true,
  prepareForCreate(object) {
    object.metadata.generation = 1;
    if (object.template) object.template = templateWithoutDisabledFields(object.template);
  },
  validate: (object) => validatePodTemplate(object),
  warningsOnCreate: ({ template = {} }) => podTemplateWarnings(template, TEMPLATE),
  prepareForUpdate(object, old) {
    if (object.template) object.template = templateWithoutDisabledFields(object.template, old.template);
    bumpGeneration(object as unknown as Draft, old as unknown as KubernetesObject, ['template']);
  },
  validateUpdate: validatePodTemplateUpdate,
  warningsOnUpdate: ({ metadata, template = {} }, old) =>
    metadata.generation === old.metadata.generation ? [] : podTemplateWarnings(template, TEMPLATE),
};

const replicationControllerStatus: TypedStrategy<ReplicationController> = {
  allowUnconditionalUpdate: true,
  resetFields: [['spec']],
  prepareForUpdate(controller, old) {
    keep(controller, old, 'spec');
  },
  validateUpdate: validateReplicationControllerStatusUpdate,
};

const replicationControllerStrategy: TypedStrategy<ReplicationController> = {
  allowUnconditionalUpdate: true,
  defaultGarbageCollection: 'orphan',
  resetFields: [['status']],
  prepareForCreate(controller) {
    controller.status = { replicas: 0 };
    controller.metadata.generation = 1;
    controller.spec = withTemplate(controller.spec, undefined);
  },
  validate: validateReplicationController,
  warningsOnCreate: ({ metadata, spec }) => [
    ...nameWarnings(metadata),
    ...(spec?.template ? podTemplateWarnings(spec.template, SPEC_TEMPLATE) : []),
  ],
  prepareForUpdate(controller, old) {
    keep(controller, old, 'status');
    controller.spec = withTemplate(controller.spec, old.spec);
    bumpGeneration(controller as unknown as Draft, old as unknown as KubernetesObject);
  },
  validateUpdate: validateReplicationControllerUpdate,
  warningsOnUpdate: ({ metadata, spec }, old) =>
    spec?.template && metadata.generation !== old.metadata.generation ? podTemplateWarnings(spec.template, SPEC_TEMPLATE) : [],
};

type ControllerSpec = NonNullable<ReplicationController['spec']>;

function withTemplate(spec: ControllerSpec | undefined, old: ControllerSpec | undefined): ControllerSpec {
  if (!spec?.template) return spec ?? {};
  const template = templateWithoutDisabledFields(spec.template, old?.template);
  return template === spec.template ? spec : { ...spec, template };
}

/** As Kubernetes refuses field selectors of these kinds. */
export const unknownField = (field: string): string => `field label not supported: ${field}`;

export function podTemplateResources(): ResourceDefinition[] {
  return [
    define('', 'podtemplates', {
      returnsDeletedObject: true,
      versions: { v1: defaulting<PodTemplate>(setPodTemplateDefaults) },
      strategy: typed(podTemplateStrategy),
      columns: podTemplateColumns,
    }),
    define('', 'replicationcontrollers', {
      shortNames: ['rc'],
      categories: ['all'],
      storagePath: 'controllers',
      versions: { v1: defaulting<ReplicationController>(setReplicationControllerDefaults) },
      strategy: typed(replicationControllerStrategy),
      subresources: {
        status: { strategy: typed(replicationControllerStatus) as Strategy },
        scale: scaleSubresource((object) => LabelSelector.fromSet((object as unknown as ReplicationController).spec?.selector).toString()),
      },
      columns: replicationControllerColumns,
      selectableFields: {
        names: ['status.replicas'],
        read: (object) => ({ 'status.replicas': String((object as unknown as ReplicationController).status?.replicas ?? 0) }),
        refuse: unknownField,
      },
    }),
  ];
}
