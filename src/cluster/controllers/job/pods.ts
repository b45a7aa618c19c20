// The pods of a Job as they are made: the tracking finalizer, and of Indexed Jobs the index in names, labels, annotations and
// environment. Pure. Follows indexed_job_utils.go of kube-controller-manager.
import type { Job } from '#api/batch/v1';
import type { Container, Pod } from '#api/core/v1';
import type { Manifest } from '../../../apimachinery/object.ts';
import { newControllerRef } from '../../../apimachinery/owner-reference.ts';
import { podFromTemplate } from '../shared/pod-control.ts';
import { isCounted } from './failures.ts';
import { COMPLETION_INDEX, isIndexed } from './indexes.ts';

/** Keeps a pod until its end has been counted. */
export const TRACKING = 'batch.kubernetes.io/job-tracking';
const FAILURE_COUNT = 'batch.kubernetes.io/job-index-failure-count';
const IGNORED_FAILURE_COUNT = 'batch.kubernetes.io/job-index-ignored-failure-count';
/** The longest name that a generated suffix still fits behind. */
const MAX_GENERATED_PREFIX = 58;

export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(TRACKING) ?? false;

export interface IndexFailures {
  readonly counted: number;
  readonly ignored: number;
}

/** How often the pod's index had failed before it was made. */
export function failuresBefore({ metadata }: Pod): IndexFailures {
  const read = (name: string): number => Number(metadata.annotations?.[name] ?? 0) || 0;
  return { counted: read(FAILURE_COUNT), ignored: read(IGNORED_FAILURE_COUNT) };
}

/** The same after this pod failed too. */
export function failuresAfter(job: Job, pod: Pod): IndexFailures {
  const { counted, ignored } = failuresBefore(pod);
  return isCounted(job, pod) ? { counted: counted + 1, ignored } : { counted, ignored: ignored + 1 };
}

/** @param index of an Indexed Job; @param replaced the failed pod whose place the new one takes */
export function newJobPod(job: Job, index: number | undefined, replaced: Pod | undefined): Manifest<Pod> {
  const pod = podFromTemplate(job.spec.template, job, newControllerRef(job));
  const finalizers = [...(pod.metadata.finalizers ?? []).filter((f) => f !== TRACKING), TRACKING];
  if (index === undefined || !isIndexed(job)) return { ...pod, metadata: { ...pod.metadata, finalizers } };
  const hostname = `${job.metadata.name}-${index}`;
  const annotations = {
    ...pod.metadata.annotations,
    [COMPLETION_INDEX]: String(index),
    ...(job.spec.backoffLimitPerIndex === undefined ? {} : failureAnnotations(replaced && failuresAfter(job, replaced))),
  };
  const suffix = `-${index}-`;
  const generateName = `${job.metadata.name.slice(0, MAX_GENERATED_PREFIX - suffix.length)}${suffix}`;
  const { initContainers } = pod.spec;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      generateName,
      finalizers,
      annotations,
      labels: { ...pod.metadata.labels, [COMPLETION_INDEX]: String(index) },
    },
    spec: {
      ...pod.spec,
      hostname,
      containers: pod.spec.containers.map(withIndexVariable),
      ...(initContainers ? { initContainers: initContainers.map(withIndexVariable) } : {}),
    },
  };
}

function failureAnnotations({ counted, ignored }: IndexFailures = { counted: 0, ignored: 0 }): Readonly<Record<string, string>> {
  return { [FAILURE_COUNT]: String(counted), ...(ignored > 0 ? { [IGNORED_FAILURE_COUNT]: String(ignored) } : {}) };
}

const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX';

function withIndexVariable(container: Container): Container {
  const { env = [] } = container;
  if (env.some((e) => e.name === INDEX_VARIABLE)) return container;
  const variable = { name: INDEX_VARIABLE, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${COMPLETION_INDEX}']` } } };
  return { ...container, env: [...env, variable] };
}
