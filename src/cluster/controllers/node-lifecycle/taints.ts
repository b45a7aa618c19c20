// Which taints and labels a node should have because of its conditions. Pure. Follows node_lifecycle_controller.go of
// kube-controller-manager.
import type { Node, Taint } from '#api/core/v1';
import { formatTime } from '../../../apimachinery/time.ts';

const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';

/** Condition → status → taint. */
const TAINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
};
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';
const MANAGED = new Set([...Object.values(TAINTS).flatMap((byStatus) => Object.values(byStatus)), UNSCHEDULABLE]);

/** Taints as the conditions ask for, in place of those that they asked for before; the very same where nothing changes. */
export function wantedTaints({ spec, status }: Node, now: number): readonly Taint[] {
  const taints = spec?.taints ?? [];
  const conditions = status?.conditions ?? [];
  const noSchedule = conditions.map((c) => TAINTS[c.type]?.[c.status]).filter((key) => key !== undefined);
  if (spec?.unschedulable) noSchedule.push(UNSCHEDULABLE);
  const ready = conditions.find((c) => c.type === 'Ready');
  const noExecute = ready ? TAINTS['Ready']?.[ready.status] : undefined;
  const wanted = [
    ...noSchedule.map((key) => ({ key, effect: 'NoSchedule' })),
    ...(noExecute ? [{ key: noExecute, effect: 'NoExecute' }] : []),
  ];
  const isOurs = ({ key, effect }: Taint): boolean =>
    effect === 'NoSchedule' ? MANAGED.has(key) : effect === 'NoExecute' && (key === NOT_READY || key === UNREACHABLE);
  const isWanted = (taint: Taint): boolean => wanted.some((w) => w.key === taint.key && w.effect === taint.effect);
  const kept = taints.filter((t) => !isOurs(t) || isWanted(t));
  const missing = wanted.filter((w) => !taints.some((t) => t.key === w.key && t.effect === w.effect));
  if (kept.length === taints.length && missing.length === 0) return taints;
  return [...kept, ...missing.map((taint) => ({ ...taint, timeAdded: formatTime(now) }))];
}

/** Old names of labels, which some still ask for. */
const MIRRORED: Readonly<Record<string, string>> = {
  'kubernetes.io/os': 'beta.kubernetes.io/os',
  'kubernetes.io/arch': 'beta.kubernetes.io/arch',
};

/** Labels that are missing or out of date. */
export function mirroredLabels({ metadata }: Node): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const [name, mirror] of Object.entries(MIRRORED)) {
    const value = metadata.labels?.[name];
    if (value !== undefined && metadata.labels?.[mirror] !== value) labels[mirror] = value;
  }
  return labels;
}
