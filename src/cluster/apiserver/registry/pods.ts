// Pods and their subresources, bindings of pods to nodes, and what has pod templates in the core group.
import type { Container, Pod } from '#api/core/v1';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { setPodDefaults } from '../defaults/pod.ts';
import { defaulting, define, typed, type DraftOf, type TypedStrategy } from '../generic/define.ts';
import { bumpGeneration } from '../generic/generation.ts';
import type { Draft, ResourceDefinition } from '../generic/resource-definition.ts';
import { keep } from '../generic/status-strategy.ts';
import { reviewBinding, serveBinding } from '../pod/binding.ts';
import { serveAttach, serveExec, servePortForward } from '../pod/connect.ts';
import { withoutDisabledFields } from '../pod/disabled-fields.ts';
import { serveEviction } from '../pod/eviction.ts';
import { proxyPod } from '../proxy/places.ts';
import { serveLog } from '../pod/log.ts';
import { preparePod } from '../pod/prepare.ts';
import { podColumns } from '../tables/pod.ts';
import { validateEphemeralContainersUpdate } from '../validation/pod/ephemeral-containers.ts';
import { validatePod } from '../validation/pod/pod.ts';
import { validatePodResize } from '../validation/pod/resize.ts';
import { validatePodStatusUpdate } from '../validation/pod/status.ts';
import { validatePodUpdate } from '../validation/pod/update.ts';
import { nameWarnings, podWarnings } from '../warnings/pod.ts';
import { podTemplateResources, unknownField } from './pod-templates.ts';

const asDraft = (object: DraftOf<Pod>): Draft => object as unknown as Draft;
const asObject = (object: Pod): KubernetesObject => object as unknown as KubernetesObject;

const podStrategy: TypedStrategy<Pod> = {
  allowUnconditionalUpdate: true,
  resetFields: [['status']],
  prepareForCreate: preparePod,
  validate: validatePod,
  warningsOnCreate: (pod) => [...nameWarnings(pod.metadata, "this is used in the Pod's hostname"), ...podWarnings(pod.spec, pod.metadata)],
  prepareForUpdate(pod, old) {
    keep(pod, old, 'status');
    pod.spec = withoutDisabledFields(pod.spec, old.spec);
    bumpGeneration(asDraft(pod), asObject(old));
  },
  validateUpdate: validatePodUpdate,
  gracePeriod: podGracePeriod,
};

/** Pods that no kubelet knows of, or that have ended, go at once. */
function podGracePeriod({ spec, status }: Pod, requested: number | undefined): number {
  if (!spec.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0;
  const seconds = requested ?? spec.terminationGracePeriodSeconds ?? 0;
  return seconds < 0 ? 1 : seconds;
}

const podStatusStrategy: TypedStrategy<Pod> = {
  allowUnconditionalUpdate: true,
  resetFields: [['spec'], ['metadata', 'deletionTimestamp'], ['metadata', 'ownerReferences']],
  prepareForUpdate(pod, old) {
    pod.spec = old.spec;
    delete pod.metadata.deletionTimestamp;
    if (old.metadata.ownerReferences) pod.metadata.ownerReferences = old.metadata.ownerReferences;
    else delete pod.metadata.ownerReferences;
    const qosClass = pod.status?.qosClass || old.status?.qosClass;
    if (qosClass) pod.status = { ...pod.status, qosClass };
  },
  validateUpdate: validatePodStatusUpdate,
};

/** The stored pod, but for the part of its spec that is written through the subresource. */
function keepAllBut(pod: DraftOf<Pod>, old: Pod, spec: Pod['spec']): void {
  const { name, namespace, resourceVersion, uid, managedFields } = pod.metadata;
  const metadata: DraftOf<Pod>['metadata'] = { ...old.metadata };
  for (const [key, value] of Object.entries({ name, namespace, resourceVersion, uid, managedFields }))
    if (value !== undefined) Object.assign(metadata, { [key]: value });
  if (managedFields === undefined) delete metadata.managedFields;
  pod.metadata = metadata;
  pod.spec = spec;
  keep(pod, old, 'status');
  bumpGeneration(asDraft(pod), asObject(old));
}

const ephemeralContainersStrategy: TypedStrategy<Pod> = {
  allowUnconditionalUpdate: true,
  resetAllBut: [['spec', 'ephemeralContainers']],
  prepareForUpdate(pod, old) {
    const { ephemeralContainers } = pod.spec;
    const { ephemeralContainers: _, ...rest } = old.spec;
    keepAllBut(pod, old, ephemeralContainers ? { ...rest, ephemeralContainers } : rest);
  },
  validateUpdate: validateEphemeralContainersUpdate,
};

const resizeStrategy: TypedStrategy<Pod> = {
  allowUnconditionalUpdate: true,
  resetAllBut: ['containers', 'initContainers'].flatMap((list) => [
    ['spec', list, '*', 'resources'],
    ['spec', list, '*', 'resizePolicy'],
  ]),
  prepareForUpdate(pod, old) {
    const containers = resized(old.spec.containers, pod.spec.containers);
    const initContainers = resized(old.spec.initContainers, pod.spec.initContainers);
    keepAllBut(pod, old, { ...old.spec, ...(initContainers ? { initContainers } : {}), containers: containers ?? old.spec.containers });
  },
  validateUpdate: validatePodResize,
};

/** Containers as they are, with what the new ones of the same name ask for. */
function resized(old: readonly Container[] | undefined, containers: readonly Container[] | undefined): readonly Container[] | undefined {
  return old?.map((container, i) => {
    const now = containers?.[i];
    if (now?.name !== container.name) return container;
    const { resources: _r, resizePolicy: _p, ...rest } = container;
    return {
      ...rest,
      resources: now.resources ?? {},
      ...(now.resizePolicy ? { resizePolicy: now.resizePolicy } : {}),
    };
  });
}

const selectableFields: NonNullable<ResourceDefinition['selectableFields']> = {
  names: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  read(object) {
    const { spec, status = {} } = object as unknown as Pod;
    return {
      'spec.nodeName': spec.nodeName ?? '',
      'spec.restartPolicy': spec.restartPolicy ?? '',
      'spec.schedulerName': spec.schedulerName ?? '',
      'spec.serviceAccountName': spec.serviceAccountName ?? '',
      'spec.hostNetwork': spec.hostNetwork ? 'true' : 'false',
      'status.phase': status.phase ?? '',
      'status.podIP': status.podIPs?.[0]?.ip ?? status.podIP ?? '',
      'status.nominatedNodeName': status.nominatedNodeName ?? '',
    };
  },
  refuse: unknownField,
};

export function podResources(): ResourceDefinition[] {
  return [
    define('', 'bindings', { strategy: {}, review: reviewBinding }),
    define('', 'pods', {
      shortNames: ['po'],
      categories: ['all'],
      versions: { v1: defaulting<Pod>(setPodDefaults) },
      strategy: typed(podStrategy),
      subresources: {
        status: { strategy: typed(podStatusStrategy) },
        ephemeralcontainers: { strategy: typed(ephemeralContainersStrategy) },
        resize: { strategy: typed(resizeStrategy) },
        binding: { serve: serveBinding },
        eviction: { serve: serveEviction },
        log: { serve: serveLog },
        exec: { serve: serveExec },
        attach: { serve: serveAttach },
        portforward: { serve: servePortForward },
        proxy: { serve: proxyPod },
      },
      returnsDeletedObject: true,
      columns: podColumns,
      selectableFields,
    }),
    ...podTemplateResources(),
  ];
}
