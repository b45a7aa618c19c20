// All controllers of kube-controller-manager that a cluster runs, by the names under which they report events. Whoever wires a cluster
// gives each its own client and event recorder; the informers are shared.
import type { Controller, ControllerDeps } from '../../client/controller.ts';
import { deploymentController } from './deployment.ts';
import { endpointSliceMirroringController } from './endpoint-slice-mirroring.ts';
import { endpointsController } from './endpoints.ts';
import { endpointSliceController } from './endpoint-slice.ts';
import { statefulSetController } from './stateful-set.ts';
import { daemonSetController } from './daemon-set.ts';
import { jobController } from './job.ts';
import { cronJobController } from './cron-job.ts';
import { ttlAfterFinishedController } from './ttl-after-finished.ts';
import { persistentVolumeController } from './persistent-volume.ts';
import { claimProtectionController, volumeProtectionController } from './claim-protection.ts';
import { simulatedProvisioner, type Provisioners } from './simulated-provisioner.ts';
import { attachDetachController } from './attach-detach.ts';
import { simulatedAttacher } from './simulated-attacher.ts';
import { simulatedResizer } from './simulated-resizer.ts';
import { volumeExpandController } from './volume-expand.ts';
import { disruptionController } from './disruption.ts';
import { nodeIpamController, type PodRange } from './node-ipam.ts';
import { nodeLifecycleController, type NodeLifecycleOptions } from './node-lifecycle.ts';
import { taintEvictionController } from './taint-eviction.ts';
import { resourceQuotaController } from './resource-quota.ts';
import { clusterRoleAggregationController } from './cluster-role-aggregation.ts';
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler.ts';
import { podGarbageCollector } from './pod-garbage-collector.ts';
import { garbageCollector } from './garbage-collector.ts';
import { namespaceController } from './namespace.ts';
import { CertificateAuthority, type AuthorityFiles } from '../../apimachinery/x509/certificate-authority.ts';
import { bootstrapSignerController, tokenCleanerController } from './bootstrap-tokens.ts';
import { csrApprovingController } from './certificates/approving.ts';
import { csrCleanerController } from './certificates/cleaner.ts';
import { csrSigningController } from './certificates/signing.ts';
import { serviceAccountTokensController, type IssueToken } from './service-account-tokens.ts';
import { rootCAPublisher } from './root-ca-publisher.ts';
import { serviceAccountController } from './service-account.ts';
import { validatingAdmissionPolicyStatusController } from './validating-admission-policy-status.ts';
import { volumeAttributesClassProtectionController } from './volume-attributes-class-protection.ts';
import { replicaSetController, replicationController } from './replica-set.ts';

export interface ControllerSpec {
  /** As events name it, and requests in their user agent. */
  readonly component: string;
  /** The ServiceAccount in kube-system as which it acts; the component's name where it is not said, kube-controller-manager's user where it is empty. */
  readonly serviceAccount?: string;
  /** Called before the informers start. */
  make(deps: ControllerDeps): Controller;
}

export interface ControllerOptions {
  /** The certificates that `kube-root-ca.crt` holds in every namespace, as PEM. */
  readonly rootCA: string;
  /** Names of storage provisioners that are simulated: claims of their classes get volumes at once. */
  readonly simulatedProvisioners?: Provisioners;
  readonly podRange?: PodRange;
  readonly nodeLifecycle?: NodeLifecycleOptions;
  /** Fills the Secrets that hold tokens of ServiceAccounts; absent: they stay empty. */
  readonly issueToken?: IssueToken;
  /** By whom certificates are signed; absent: an authority that is made when it is first needed. */
  readonly certificateAuthority?: AuthorityFiles | undefined;
}

const CERTIFICATE_CONTROLLER = 'certificate-controller';

/** It signs with the cluster's own key: no ServiceAccount of its own, it is part of kube-controller-manager itself. */
const tokensController = (rootCA: string, issueToken: IssueToken): ControllerSpec => ({
  component: 'serviceaccount-token-controller',
  serviceAccount: '',
  make: (deps) => serviceAccountTokensController(deps, rootCA, issueToken),
});

export function controllerSpecs({
  rootCA,
  simulatedProvisioners = [],
  podRange,
  nodeLifecycle,
  issueToken,
  certificateAuthority,
}: ControllerOptions): readonly ControllerSpec[] {
  return [
    { component: 'deployment-controller', make: deploymentController },
    { component: 'replicaset-controller', make: replicaSetController },
    { component: 'replication-controller', make: replicationController },
    { component: 'serviceaccount-controller', serviceAccount: 'service-account-controller', make: serviceAccountController },
    { component: 'root-ca-certificate-publisher', serviceAccount: 'root-ca-cert-publisher', make: (deps) => rootCAPublisher(deps, rootCA) },
    { component: 'garbage-collector-controller', serviceAccount: 'generic-garbage-collector', make: garbageCollector },
    { component: 'namespace-controller', make: namespaceController },
    { component: 'endpoint-controller', make: endpointsController },
    { component: 'endpoint-slice-controller', serviceAccount: 'endpointslice-controller', make: endpointSliceController },
    {
      component: 'endpoint-slice-mirroring-controller',
      serviceAccount: 'endpointslicemirroring-controller',
      make: endpointSliceMirroringController,
    },
    { component: 'statefulset-controller', make: statefulSetController },
    { component: 'daemonset-controller', serviceAccount: 'daemon-set-controller', make: daemonSetController },
    { component: 'job-controller', make: jobController },
    { component: 'cronjob-controller', make: cronJobController },
    { component: 'ttl-after-finished-controller', make: ttlAfterFinishedController },
    { component: 'persistentvolume-controller', serviceAccount: 'persistent-volume-binder', make: persistentVolumeController },
    {
      component: 'persistentvolumeclaim-protection-controller',
      serviceAccount: 'pvc-protection-controller',
      make: claimProtectionController,
    },
    { component: 'persistentvolume-protection-controller', serviceAccount: 'pv-protection-controller', make: volumeProtectionController },
    { component: 'volumeattributesclass-protection-controller', make: volumeAttributesClassProtectionController },
    { component: 'volume_expand', serviceAccount: 'expand-controller', make: volumeExpandController },
    { component: 'attachdetach-controller', make: attachDetachController },
    { component: 'external-attacher', make: (deps) => simulatedAttacher(deps, simulatedProvisioners) },
    { component: 'external-provisioner', make: (deps) => simulatedProvisioner(deps, simulatedProvisioners) },
    { component: 'external-resizer', make: (deps) => simulatedResizer(deps, simulatedProvisioners) },
    { component: 'controllermanager', serviceAccount: 'disruption-controller', make: disruptionController },
    { component: 'resourcequota-controller', make: resourceQuotaController },
    { component: 'node-controller', make: (deps) => nodeLifecycleController(deps, nodeLifecycle) },
    { component: 'taint-eviction-controller', serviceAccount: 'node-controller', make: taintEvictionController },
    { component: 'clusterrole-aggregation-controller', make: clusterRoleAggregationController },
    { component: 'validatingadmissionpolicy-status-controller', make: validatingAdmissionPolicyStatusController },
    { component: 'csrapproving', serviceAccount: CERTIFICATE_CONTROLLER, make: csrApprovingController },
    {
      component: 'csrsigning',
      serviceAccount: CERTIFICATE_CONTROLLER,
      make: (deps) => csrSigningController(deps, new CertificateAuthority(certificateAuthority, deps.random)),
    },
    { component: 'csrcleaner', serviceAccount: CERTIFICATE_CONTROLLER, make: csrCleanerController },
    { component: 'bootstrap-signer-controller', serviceAccount: 'bootstrap-signer', make: bootstrapSignerController },
    { component: 'token-cleaner-controller', serviceAccount: 'token-cleaner', make: tokenCleanerController },
    ...(issueToken ? [tokensController(rootCA, issueToken)] : []),
    { component: 'horizontal-pod-autoscaler', make: horizontalPodAutoscalerController },
    { component: 'pod-garbage-collector', make: podGarbageCollector },
    { component: 'cidrAllocator', serviceAccount: 'node-controller', make: (deps) => nodeIpamController(deps, podRange) },
  ];
}
