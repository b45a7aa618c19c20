// Static pods and the mirrors that show them: the annotations by which they are told apart. Follows pkg/kubelet/types.
import type { Pod } from '#api/core/v1';

export const CONFIG_HASH = 'kubernetes.io/config.hash';
export const CONFIG_MIRROR = 'kubernetes.io/config.mirror';
export const CONFIG_SOURCE = 'kubernetes.io/config.source';

/** Of a mirror pod, the uid of what it stands for. */
export const mirroredUid = ({ metadata }: Pod): string | undefined => metadata.annotations?.[CONFIG_MIRROR];

/** By which a kubelet and its runtime know the pod. */
export const runtimeUid = (pod: Pod): string => mirroredUid(pod) ?? pod.metadata.uid;

export const isStatic = ({ metadata }: Pod): boolean => metadata.annotations?.[CONFIG_SOURCE] === 'file';
