// Defaults of the kinds that keep pods running: Deployments, ReplicaSets, StatefulSets, DaemonSets, ReplicationControllers.
// Follows pkg/apis/apps/v1/defaults.go and pkg/apis/core/v1/defaults.go.
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '#api/apps/v1';
import type { ReplicationController } from '#api/core/v1';
import { DecodeError } from '../../../apimachinery/codec/decode.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import type { Mutable } from '../../../apimachinery/object.ts';
import { setPersistentVolumeClaimDefaults } from './persistent-volume-claim.ts';
import { setPodTemplateSpecDefaults } from './pod.ts';

const HISTORY = 10;
const PROGRESS_DEADLINE_SECONDS = 600;

export function setDeploymentDefaults({ spec }: Mutable<Deployment>, existing?: Deployment): void {
  spec.replicas ??= 1;
  const strategy = (spec.strategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    const rolling = (strategy.rollingUpdate ??= {});
    rolling.maxUnavailable ??= '25%';
    rolling.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= HISTORY;
  spec.progressDeadlineSeconds ??= PROGRESS_DEADLINE_SECONDS;
  if (spec.template !== (existing?.spec.template as unknown)) setPodTemplateSpecDefaults(spec.template);
}

export function setReplicaSetDefaults({ spec }: Mutable<ReplicaSet>, existing?: ReplicaSet): void {
  spec.replicas ??= 1;
  // Go has no ReplicaSet without a template
  spec.template ??= {} as Mutable<NonNullable<typeof spec.template>>;
  spec.template.metadata ??= {};
  if (spec.template !== (existing?.spec.template as unknown)) setPodTemplateSpecDefaults(spec.template);
}

export function setStatefulSetDefaults({ spec }: Mutable<StatefulSet>, existing?: StatefulSet): void {
  spec.podManagementPolicy ||= 'OrderedReady';
  const strategy = (spec.updateStrategy ??= {});
  if (!strategy.type) {
    strategy.type = 'RollingUpdate';
    strategy.rollingUpdate ??= {};
  }
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate) strategy.rollingUpdate.partition ??= 0;
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {});
  retention.whenDeleted ||= 'Retain';
  retention.whenScaled ||= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= HISTORY;
  if (spec.template !== (existing?.spec.template as unknown)) setPodTemplateSpecDefaults(spec.template);
  if (spec.volumeClaimTemplates === (existing?.spec.volumeClaimTemplates as unknown)) return;
  for (const claim of spec.volumeClaimTemplates ?? []) {
    // the client's own words about the kind do not count
    claim.kind = 'PersistentVolumeClaim';
    claim.apiVersion = 'v1';
    setPersistentVolumeClaimDefaults(claim);
  }
}

/** Kept as an annotation, since the field is gone: counts the changes of the template. */
export const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

/** What becomes a field inside Kubernetes has to be fit for it. */
function checkInt64(text: string): void {
  const why = !/^[+-]?\d+$/.test(text)
    ? 'invalid syntax'
    : BigInt.asIntN(64, BigInt(text)) === BigInt(text)
      ? undefined
      : 'value out of range';
  if (why) throw new DecodeError(`strconv.ParseInt: parsing ${quote(text)}: ${why}`);
}

export function setDaemonSetDefaults({ spec, metadata }: Mutable<DaemonSet>, existing?: DaemonSet): void {
  if (metadata.annotations?.[TEMPLATE_GENERATION] === undefined)
    metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: '0' };
  checkInt64(metadata.annotations[TEMPLATE_GENERATION]!);
  const strategy = (spec.updateStrategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    const rolling = (strategy.rollingUpdate ??= {});
    rolling.maxUnavailable ??= 1;
    rolling.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= HISTORY;
  if (spec.template !== (existing?.spec.template as unknown)) setPodTemplateSpecDefaults(spec.template);
}

/** Selector and labels come from the template. */
export function setReplicationControllerDefaults(controller: Mutable<ReplicationController>, existing?: ReplicationController): void {
  const { spec } = controller;
  if (!spec) return;
  const labels = spec.template?.metadata?.labels;
  if (labels) {
    if (!Object.keys(spec.selector ?? {}).length) spec.selector = labels;
    if (!Object.keys(controller.metadata.labels ?? {}).length) controller.metadata.labels = labels;
  }
  spec.replicas ??= 1;
  if (spec.template && spec.template !== (existing?.spec?.template as unknown)) setPodTemplateSpecDefaults(spec.template);
}
