// What the status of a claim says of its size while its volume grows, as the resizer and the kubelet write it. Pure.
// Follows pkg/volume/util/resize_util.go, and resize_status.go of kubernetes-csi/external-resizer.
import type { PersistentVolumeClaim, PersistentVolumeClaimCondition, PersistentVolumeClaimStatus } from '#api/core/v1';
import { formatTime } from '../time.ts';

/** Of a volume whose file system is still as large as this: what the claim had before. */
export const PRE_RESIZE_CAPACITY = 'volume.alpha.kubernetes.io/pre-resize-capacity';

const RESIZE_CONDITIONS = new Set(['Resizing', 'FileSystemResizePending', 'ControllerResizeError', 'NodeResizeError']);

const STORAGE = 'storage';

type Status = PersistentVolumeClaimStatus;

/** How far the growing is: `ControllerResizeInProgress`, `NodeResizePending` and so on. */
export const resizeStatusOf = ({ status }: PersistentVolumeClaim): string | undefined => status?.allocatedResourceStatuses?.[STORAGE];

/** The volume itself grows. */
export function resizeBegun(status: Status, size: string, nowMs: number): Status {
  const resizing = { type: 'Resizing', status: 'True', lastTransitionTime: formatTime(nowMs) };
  return {
    ...withConditions(status, [resizing]),
    allocatedResources: { ...status.allocatedResources, [STORAGE]: size },
    allocatedResourceStatuses: { ...status.allocatedResourceStatuses, [STORAGE]: 'ControllerResizeInProgress' },
  };
}

/** The volume has grown, its file system is left. */
export function nodeResizePending(status: Status, nowMs: number): Status {
  const pending = {
    type: 'FileSystemResizePending',
    status: 'True',
    lastTransitionTime: formatTime(nowMs),
    message: 'Waiting for user to (re-)start a pod to finish file system resize of volume on node.',
  };
  return {
    ...withConditions(status, [pending]),
    allocatedResourceStatuses: { ...status.allocatedResourceStatuses, [STORAGE]: 'NodeResizePending' },
  };
}

export const nodeResizeBegun = (status: Status): Status => ({
  ...status,
  allocatedResourceStatuses: { ...status.allocatedResourceStatuses, [STORAGE]: 'NodeResizeInProgress' },
});

/** All has grown: what was allocated stays said. */
export function resizeFinished(status: Status, size: string): Status {
  const { allocatedResourceStatuses, ...rest } = withConditions(status, []);
  const { [STORAGE]: _, ...others } = allocatedResourceStatuses ?? {};
  return {
    ...rest,
    capacity: { ...status.capacity, [STORAGE]: size },
    ...(Object.keys(others).length > 0 ? { allocatedResourceStatuses: others } : {}),
  };
}

/** Conditions about growing are replaced, others stay. */
function withConditions(status: Status, conditions: readonly PersistentVolumeClaimCondition[]): Status {
  const { conditions: before = [], ...rest } = status;
  const all = [...before.filter(({ type }) => !RESIZE_CONDITIONS.has(type)), ...conditions];
  return { ...rest, ...(all.length > 0 ? { conditions: all } : {}) };
}
