// Tables of Deployments, ReplicaSets, StatefulSets, DaemonSets, ReplicationControllers and ControllerRevisions.
// Follows pkg/printers/internalversion.
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from '#api/apps/v1';
import type { PodTemplate, ReplicationController } from '#api/core/v1';
import { splitApiVersion, type KubernetesObject } from '../../../apimachinery/object.ts';
import { controllerOf } from '../../../apimachinery/owner-reference.ts';
import { age } from './ages.ts';
import type { Cell, Column, Columns } from './table.ts';
import { AGE, containerCells, CONTAINERS, counts, labelsCell, NAME, SELECTOR, selectorCell } from './workload-cells.ts';

/** The catalog puts columns and objects together by kind, so the types are right. */
function columnsOf<T>(columns: readonly Column[], cells: CellsOf<T>): Columns {
  return { columns, cells: (object: KubernetesObject, now) => cells(object as unknown as T, now) };
}
type CellsOf<T> = (object: T, now: number) => readonly Cell[];

const READY: Column = { name: 'Ready', type: 'string', description: 'Number of the pod with ready state.' };

export const deploymentColumns = columnsOf<Deployment>(
  [
    NAME,
    READY,
    { name: 'Up-to-date', type: 'string', description: 'Pods that have the latest template.' },
    { name: 'Available', type: 'string', description: 'Pods that have been ready for long enough.' },
    AGE,
    ...CONTAINERS,
    SELECTOR,
  ],
  ({ metadata, spec, status = {} }, now) => [
    metadata.name!,
    `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    status.updatedReplicas ?? 0,
    status.availableReplicas ?? 0,
    age(metadata.creationTimestamp, now),
    ...containerCells(spec.template.spec),
    selectorCell(spec.selector),
  ],
);

const REPLICA_COUNTS = counts([
  ['Desired', 'Pods that are wanted.'],
  ['Current', 'Pods that there are.'],
  ['Ready', 'Pods that are ready.'],
]);

export const replicaSetColumns = columnsOf<ReplicaSet>(
  [NAME, ...REPLICA_COUNTS, AGE, ...CONTAINERS, SELECTOR],
  ({ metadata, spec, status }, now) => [
    metadata.name!,
    spec.replicas ?? 0,
    status?.replicas ?? 0,
    status?.readyReplicas ?? 0,
    age(metadata.creationTimestamp, now),
    ...containerCells(spec.template?.spec),
    selectorCell(spec.selector),
  ],
);

export const replicationControllerColumns = columnsOf<ReplicationController>(
  [NAME, ...REPLICA_COUNTS, AGE, ...CONTAINERS, SELECTOR],
  ({ metadata, spec, status }, now) => [
    metadata.name!,
    spec?.replicas ?? 0,
    status?.replicas ?? 0,
    status?.readyReplicas ?? 0,
    age(metadata.creationTimestamp, now),
    ...containerCells(spec?.template?.spec),
    labelsCell(spec?.selector),
  ],
);

export const statefulSetColumns = columnsOf<StatefulSet>([NAME, READY, AGE, ...CONTAINERS], ({ metadata, spec, status }, now) => [
  metadata.name!,
  `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
  age(metadata.creationTimestamp, now),
  ...containerCells(spec.template.spec),
]);

export const daemonSetColumns = columnsOf<DaemonSet>(
  [
    NAME,
    ...counts([
      ['Desired', 'Nodes that should run the pod.'],
      ['Current', 'Nodes that run the pod and should.'],
      ['Ready', 'Nodes on which the pod is ready.'],
      ['Up-to-date', 'Nodes on which the pod has the latest template.'],
      ['Available', 'Nodes on which the pod has been ready for long enough.'],
    ]),
    { name: 'Node Selector', type: 'string', description: 'Labels that a node must have for the pod.' },
    AGE,
    ...CONTAINERS,
    SELECTOR,
  ],
  ({ metadata, spec, status }, now) => [
    metadata.name!,
    status?.desiredNumberScheduled ?? 0,
    status?.currentNumberScheduled ?? 0,
    status?.numberReady ?? 0,
    status?.updatedNumberScheduled ?? 0,
    status?.numberAvailable ?? 0,
    labelsCell(spec.template.spec?.nodeSelector),
    age(metadata.creationTimestamp, now),
    ...containerCells(spec.template.spec),
    selectorCell(spec.selector),
  ],
);

export const controllerRevisionColumns = columnsOf<ControllerRevision>(
  [
    NAME,
    { name: 'Controller', type: 'string', description: 'Controller of the object.' },
    { name: 'Revision', type: 'string', description: 'Number of the revision.' },
    AGE,
  ],
  (revision, now) => {
    const controller = controllerOf(revision);
    const { group } = splitApiVersion(controller?.apiVersion ?? '');
    const owner = controller ? `${controller.kind.toLowerCase()}${group ? `.${group}` : ''}/${controller.name}` : '<none>';
    return [revision.metadata.name!, owner, revision.revision, age(revision.metadata.creationTimestamp, now)];
  },
);

export const podTemplateColumns = columnsOf<PodTemplate>(
  [NAME, ...CONTAINERS.map((c) => ({ ...c, priority: 0 })), { name: 'Pod Labels', type: 'string', description: 'Labels of the pods.' }],
  ({ metadata, template }) => [metadata.name!, ...containerCells(template?.spec), labelsCell(template?.metadata?.labels)],
);
