// The admission plugins that are on by default, in Kubernetes' order (pkg/kubeapiserver/options/plugins.go).
import type { Clock } from '../../../apimachinery/clock.ts';
import type { Random } from '../../../apimachinery/random.ts';
import type { Store } from '../../storage/store.ts';
import type { AdmissionPlugin } from './admission.ts';
import { defaultIngressClass, defaultStorageClass } from './default-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts';
import { podSecurity } from './pod-security/pod-security.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';
import { mutatingAdmissionPolicy } from './policy/mutating-admission-policy.ts';
import { validatingAdmissionPolicy } from './policy/validating-admission-policy.ts';
import { priority } from './priority.ts';
import { resourceQuota } from './resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';
import { mutatingAdmissionWebhook } from './webhook/mutating-webhook.ts';
import { validatingAdmissionWebhook } from './webhook/validating-webhook.ts';
import type { WebhookCaller } from './webhook/webhook-caller.ts';

export function builtinAdmission({
  store,
  clock,
  random,
  webhooks,
}: {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Without it webhooks are stored, and not called. */
  readonly webhooks?: WebhookCaller | undefined;
}): readonly AdmissionPlugin[] {
  const called = webhooks && { store, random, caller: webhooks };
  return [
    namespaceLifecycle(store),
    limitRanger(store),
    serviceAccount(store, random),
    nodeRestriction(store),
    taintNodesByCondition,
    podSecurity(store),
    priority(store),
    defaultTolerationSeconds,
    defaultStorageClass(store),
    storageObjectInUseProtection,
    persistentVolumeClaimResize(store),
    runtimeClass(store),
    defaultIngressClass(store),
    podTopologyLabels(store),
    mutatingAdmissionPolicy(store),
    ...(called ? [mutatingAdmissionWebhook(called)] : []),
    validatingAdmissionPolicy(store),
    ...(called ? [validatingAdmissionWebhook(called)] : []),
    resourceQuota(store, clock),
  ];
}
