// How much of a kubelet is simulated: a full one by default. The simplest does as kwok does, which only moves pods from state to state.

export interface KubeletTraits {
  /** Tells of pulls, starts, stops and failures in events. */
  readonly events: boolean;
  /** Runs the probes that containers declare; otherwise they are ready as the runtime says. */
  readonly probes: boolean;
  /**
   * `all`: the conditions of a kubelet, with observedGeneration and the names of unready containers, from the moment it knows the pod.
   * `basic`: Initialized, Ready and ContainersReady, from the moment the pod runs.
   */
  readonly conditions: 'all' | 'basic';
  /** Pods wait for the ConfigMaps, Secrets and claims that they use. */
  readonly config: boolean;
  /** Keeps a CSINode; volumes of CSI drivers are mounted once they are attached, and file systems grow with them. */
  readonly volumes: boolean;
  /** Of which deleted pods the end is reported before they go. */
  readonly reportsEnd: 'all' | 'jobs';
  /** Says that the node's network is there, as a cloud's route controller would. */
  readonly network: boolean;
  /** Refuses pods that do not fit on the node. */
  readonly admission: boolean;
}

export const KUBELET_TRAITS: KubeletTraits = {
  events: true,
  probes: true,
  conditions: 'all',
  config: true,
  volumes: true,
  reportsEnd: 'all',
  network: false,
  admission: true,
};

export const KWOK_TRAITS: KubeletTraits = {
  events: false,
  probes: false,
  conditions: 'basic',
  config: false,
  volumes: false,
  reportsEnd: 'jobs',
  network: true,
  admission: false,
};
