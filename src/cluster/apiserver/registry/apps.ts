// The resources of API group apps.
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from '#api/apps/v1';
import { LabelSelector } from '../../../apimachinery/label-selector.ts';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { Path } from '../../../apimachinery/validation/field-error.ts';
import {
  setDaemonSetDefaults,
  setDeploymentDefaults,
  setReplicaSetDefaults,
  setStatefulSetDefaults,
  TEMPLATE_GENERATION,
} from '../defaults/workloads.ts';
import { defaulting, define, typed, type DraftOf, type TypedStrategy } from '../generic/define.ts';
import type { Draft, ResourceDefinition, Strategy } from '../generic/resource-definition.ts';
import { scaleSubresource } from '../generic/scale.ts';
import { keep, keepLabels } from '../generic/status-strategy.ts';
import { prepareTemplateCreate, prepareTemplateUpdate } from '../generic/template-strategy.ts';
import {
  controllerRevisionColumns,
  daemonSetColumns,
  deploymentColumns,
  replicaSetColumns,
  statefulSetColumns,
} from '../tables/workloads.ts';
import * as rules from '../validation/apps.ts';
import { semanticEqual } from '../validation/object-meta.ts';
import { validateStatefulSet, validateStatefulSetStatusUpdate, validateStatefulSetUpdate } from '../validation/stateful-set.ts';
import { claimWarnings, nameWarnings, podTemplateWarnings } from '../warnings/pod.ts';

const TEMPLATE = Path.of('spec', 'template');

/** Strategies speak of kinds, what they share does not. */
const draft = (object: object): Draft => object as Draft;
const stored = (object: object): KubernetesObject => object as KubernetesObject;

const hasNewGeneration = (object: { readonly metadata: { readonly generation?: number } }, old: typeof object): boolean =>
  object.metadata.generation !== old.metadata.generation;

const deploymentStrategy: TypedStrategy<Deployment> = {
  allowUnconditionalUpdate: true,
  resetFields: [['status']],
  prepareForCreate: (deployment) => prepareTemplateCreate(draft(deployment)),
  validate: (deployment) => rules.validateDeployment(deployment),
  warningsOnCreate: ({ metadata, spec }) => [...nameWarnings(metadata), ...podTemplateWarnings(spec.template, TEMPLATE)],
  prepareForUpdate(deployment, old) {
    prepareTemplateUpdate(draft(deployment), stored(old));
    // the controller acts on annotations too
    if (!semanticEqual(deployment.metadata.annotations, old.metadata.annotations))
      deployment.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validateUpdate: rules.validateDeploymentUpdate,
  warningsOnUpdate: (deployment, old) => (hasNewGeneration(deployment, old) ? podTemplateWarnings(deployment.spec.template, TEMPLATE) : []),
};

const replicaSetStrategy: TypedStrategy<ReplicaSet> = {
  allowUnconditionalUpdate: true,
  resetFields: [['status']],
  prepareForCreate: (set) => prepareTemplateCreate(draft(set), { replicas: 0 }),
  validate: (set) => rules.validateReplicaSet(set),
  warningsOnCreate: ({ metadata, spec }) => [...nameWarnings(metadata), ...podTemplateWarnings(spec.template ?? {}, TEMPLATE)],
  prepareForUpdate: (set, old) => prepareTemplateUpdate(draft(set), stored(old)),
  validateUpdate: rules.validateReplicaSetUpdate,
  warningsOnUpdate: (set, old) => (hasNewGeneration(set, old) ? podTemplateWarnings(set.spec.template ?? {}, TEMPLATE) : []),
};

const statefulSetStrategy: TypedStrategy<StatefulSet> = {
  allowUnconditionalUpdate: true,
  resetFields: [['status']],
  prepareForCreate(set) {
    dropMaxUnavailable(set, undefined);
    prepareTemplateCreate(draft(set), { replicas: 0, availableReplicas: 0 });
  },
  validate: validateStatefulSet,
  warningsOnCreate: statefulSetWarnings,
  prepareForUpdate(set, old) {
    dropMaxUnavailable(set, old);
    prepareTemplateUpdate(draft(set), stored(old));
  },
  validateUpdate: validateStatefulSetUpdate,
  warningsOnUpdate: (set, old) => (hasNewGeneration(set, old) ? statefulSetWarnings(set) : []),
};

/** Behind a feature gate that is off. */
function dropMaxUnavailable(set: DraftOf<StatefulSet>, old: StatefulSet | undefined): void {
  const { updateStrategy } = set.spec;
  if (updateStrategy?.rollingUpdate?.maxUnavailable === undefined || old?.spec.updateStrategy?.rollingUpdate?.maxUnavailable !== undefined)
    return;
  const { maxUnavailable: _, ...rollingUpdate } = updateStrategy.rollingUpdate;
  set.spec = { ...set.spec, updateStrategy: { ...updateStrategy, rollingUpdate } };
}

function statefulSetWarnings({ spec }: StatefulSet): string[] {
  const warnings = podTemplateWarnings(spec.template, TEMPLATE);
  spec.volumeClaimTemplates?.forEach((claim, i) =>
    claimWarnings(claim.spec?.resources ?? {}, Path.of('spec', 'volumeClaimTemplates').index(i), warnings),
  );
  if ((spec.revisionHistoryLimit ?? 0) < 0)
    warnings.push('spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended');
  return warnings;
}

const daemonSetStrategy: TypedStrategy<DaemonSet> = {
  allowUnconditionalUpdate: true,
  resetFields: [['status']],
  prepareForCreate(set) {
    prepareTemplateCreate(draft(set), { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 });
    setTemplateGeneration(set, Math.max(1, templateGeneration(set)));
  },
  validate: (set) => rules.validateDaemonSet(set),
  warningsOnCreate: ({ spec }) => podTemplateWarnings(spec.template, TEMPLATE),
  prepareForUpdate(set, old) {
    prepareTemplateUpdate(draft(set), stored(old));
    const before = templateGeneration(old);
    setTemplateGeneration(set, semanticEqual(set.spec.template, old.spec.template) ? before : before + 1);
  },
  validateUpdate: rules.validateDaemonSetUpdate,
  warningsOnUpdate: (set, old) => (hasNewGeneration(set, old) ? podTemplateWarnings(set.spec.template, TEMPLATE) : []),
};

function templateGeneration({ metadata }: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } }): number {
  const text = metadata.annotations?.[TEMPLATE_GENERATION] ?? '';
  return Number(text);
}

function setTemplateGeneration(set: DraftOf<DaemonSet>, generation: number): void {
  set.metadata.annotations = { ...set.metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

const controllerRevisionStrategy: TypedStrategy<ControllerRevision> = {
  allowUnconditionalUpdate: true,
  validate: rules.validateControllerRevision,
  validateUpdate: rules.validateControllerRevisionUpdate,
};

/** The status endpoint of most of these kinds: all but the spec may change. */
function statusOf<T extends object>(validateUpdate: NonNullable<TypedStrategy<T>['validateUpdate']>): Strategy {
  return typed<T>({
    allowUnconditionalUpdate: true,
    resetFields: [['spec']],
    prepareForUpdate: (object, old) => keep(object, old, 'spec'),
    validateUpdate,
  });
}

const deploymentStatusStrategy: TypedStrategy<Deployment> = {
  allowUnconditionalUpdate: true,
  resetFields: [['spec'], ['metadata', 'labels']],
  prepareForUpdate(deployment, old) {
    keep(deployment, old, 'spec');
    keepLabels(draft(deployment), stored(old));
  },
  validateUpdate: rules.validateDeploymentStatusUpdate,
};

const scale = scaleSubresource((object) => LabelSelector.fromSpec((object as unknown as Deployment).spec.selector).toString());

export function appsResources(): ResourceDefinition[] {
  return [
    define('apps', 'controllerrevisions', {
      strategy: typed(controllerRevisionStrategy),
      columns: controllerRevisionColumns,
    }),
    define('apps', 'daemonsets', {
      shortNames: ['ds'],
      categories: ['all'],
      versions: { v1: defaulting<DaemonSet>(setDaemonSetDefaults) },
      strategy: typed(daemonSetStrategy),
      subresources: { status: { strategy: statusOf<DaemonSet>(rules.validateDaemonSetStatusUpdate) } },
      columns: daemonSetColumns,
    }),
    define('apps', 'deployments', {
      shortNames: ['deploy'],
      categories: ['all'],
      versions: { v1: defaulting<Deployment>(setDeploymentDefaults) },
      strategy: typed(deploymentStrategy),
      subresources: { status: { strategy: typed(deploymentStatusStrategy) }, scale },
      columns: deploymentColumns,
    }),
    define('apps', 'replicasets', {
      shortNames: ['rs'],
      categories: ['all'],
      versions: { v1: defaulting<ReplicaSet>(setReplicaSetDefaults) },
      strategy: typed(replicaSetStrategy),
      subresources: { status: { strategy: statusOf<ReplicaSet>(rules.validateReplicaSetStatusUpdate) }, scale },
      columns: replicaSetColumns,
      selectableFields: {
        names: ['status.replicas'],
        read: (object) => ({ 'status.replicas': String((object as unknown as ReplicaSet).status?.replicas ?? 0) }),
        refuse: (field) => `field label not supported for appsv1.ReplicaSet: ${field}`,
      },
    }),
    define('apps', 'statefulsets', {
      shortNames: ['sts'],
      categories: ['all'],
      versions: { v1: defaulting<StatefulSet>(setStatefulSetDefaults) },
      strategy: typed(statefulSetStrategy),
      subresources: { status: { strategy: statusOf<StatefulSet>(validateStatefulSetStatusUpdate) }, scale },
      columns: statefulSetColumns,
    }),
  ];
}
