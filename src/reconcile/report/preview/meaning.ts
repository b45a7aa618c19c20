// What each type of consequence is called among people, and what it means: the rules of SARIF, headings, and hints in HTML are made of it.
import type { ConsequenceType } from '../../preview/consequence.ts';

export interface Meaning {
  /** A few words, without a full stop. */
  readonly title: string;
  /** One or two sentences. */
  readonly means: string;
}

export const MEANINGS: Readonly<Record<ConsequenceType, Meaning>> = {
  AvailabilityLoss: {
    title: 'Fewer pods are ready',
    means: 'While the change is rolled out, or after it, a workload has no ready pod, or fewer than it had and than are asked for.',
  },
  CascadingDeletion: {
    title: 'Objects go along with others',
    means: 'Objects that nobody took out of the source are deleted with their namespace or their owner.',
  },
  ClaimPending: {
    title: 'A claim gets no volume',
    means: 'A PersistentVolumeClaim stays pending. Pods that use it cannot start.',
  },
  ClaimTerminating: {
    title: 'A claim is deleted under its users',
    means: 'A PersistentVolumeClaim is deleted while pods use it. It goes as soon as they end, and they cannot start again.',
  },
  ConnectivityChange: {
    title: 'Connections open or close',
    means: 'NetworkPolicies let workloads reach each other, or the outside, that could not before, or the other way round.',
  },
  DanglingReference: {
    title: 'A reference leads nowhere',
    means: 'An object names another one, or selects pods, and after the change there are none.',
  },
  DataLeft: {
    title: 'Data stays unused',
    means: 'A claim or volume stays although nobody uses it any more. It costs, and it may be missed.',
  },
  DataLoss: {
    title: 'Data is lost',
    means: 'Claims, volumes or definitions of custom resources are deleted, and what they hold goes with them.',
  },
  DeadlineExceeded: {
    title: 'A rollout does not end',
    means: 'The new pods of a workload do not become ready within its progress deadline.',
  },
  DeprecatedAPI: {
    title: 'An API version goes away',
    means: 'The manifest is written for an API version that is deprecated, or that the cluster does not serve.',
  },
  DisruptionBudget: {
    title: 'A disruption budget is hurt or blocks',
    means:
      'A PodDisruptionBudget has fewer healthy pods than it demands for a while, or lets no pod be evicted, so that nodes cannot be drained.',
  },
  HookFailed: { title: 'A hook fails', means: 'A hook of the sync does not succeed. What comes after it is not applied.' },
  HookRuns: { title: 'A hook runs', means: 'The sync runs a hook.' },
  ImmutableField: {
    title: 'A field cannot be changed',
    means: 'The API server refuses the change because the field is fixed when the object is created.',
  },
  JobFailed: { title: 'A Job fails', means: 'A Job does not complete.' },
  JobRuns: { title: 'A Job runs', means: 'The change starts a Job.' },
  Orphaned: {
    title: 'An object stays behind',
    means: 'The source no longer has an object, and it is kept in the cluster: nobody manages it any more.',
  },
  OwnershipChange: {
    title: 'An object gets another owner',
    means: 'Fields that another manager set, or objects that another controller owned, are taken over.',
  },
  PermissionChange: {
    title: 'Permissions change',
    means: 'Subjects of role bindings may do more than before, or less.',
  },
  PodsRefused: {
    title: 'Pods are refused',
    means: 'The API server does not let a workload create its pods.',
  },
  PodsRestart: { title: 'Pods are replaced', means: 'Pods of a workload that stays are deleted and made anew.' },
  PortWithoutEndpoints: {
    title: 'A port has no endpoint',
    means: 'Nobody answers on one port of a Service, while its other ports have endpoints.',
  },
  Preemption: { title: 'Pods are preempted', means: 'Pods of a higher priority push others off their nodes.' },
  QuotaExceeded: { title: 'A quota is exceeded', means: 'A ResourceQuota does not let a workload create all its pods.' },
  Rejected: { title: 'The API server refuses the change', means: 'The object is not written. The cause is the server’s own answer.' },
  ResourceDelta: { title: 'More or fewer resources are asked for', means: 'The sum of requests and limits of all pods changes.' },
  RolloutPaused: { title: 'A rollout is paused', means: 'A Deployment is paused: its pods stay as they are.' },
  Scaled: { title: 'The number of pods changes', means: 'A workload is asked for more or fewer pods.' },
  ServerWarning: { title: 'The API server warns', means: 'The server takes the object and warns of it. The cause is its own words.' },
  ServiceRemoved: { title: 'A Service goes', means: 'A Service is deleted: its name and address answer no more.' },
  ServiceTypeChange: { title: 'A Service changes its type', means: 'It can be reached from elsewhere than before.' },
  ServiceWithoutEndpoints: {
    title: 'A Service has no endpoint',
    means: 'No pod answers behind a Service, for a while or in the end: connections to it fail.',
  },
  SilentConfigChange: {
    title: 'Configuration changes and pods run on',
    means: 'A ConfigMap or Secret changes, and the pods that use it are not restarted: some of them keep the old content.',
  },
  Unschedulable: {
    title: 'Pods find no node',
    means: 'No node takes the pods as they are described. The cause is the scheduler’s own words.',
  },
  WorkloadRemoved: { title: 'A workload goes', means: 'A workload and its pods are deleted.' },
};
