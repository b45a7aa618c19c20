// How an object is: one pure rule a kind. Kubernetes' own kinds are judged as Argo CD and kstatus judge them, all others by the
// conditions that they show. What a rule needs besides the object is asked of a Surroundings.
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { splitApiVersion } from '../../apimachinery/object.ts';
import { healthy, NO_SURROUNDINGS, progressing, type Health, type HealthStatus, type Surroundings } from './verdict.ts';
import { customResourceHealth } from './custom-resource.ts';
import { knownKinds } from './known-kinds.ts';
import { jobHealth, cronJobHealth } from './job.ts';
import { podHealth } from './pod.ts';
import { certificateRequestHealth, customResourceDefinitionHealth, apiServiceHealth, namespaceHealth, serviceHealth } from './service.ts';
import { claimHealth, volumeHealth } from './storage.ts';
import {
  autoscalerHealth,
  daemonSetHealth,
  deploymentHealth,
  disruptionBudgetHealth,
  replicaSetHealth,
  replicationControllerHealth,
  statefulSetHealth,
} from './workload.ts';

// each rule is written for its kind's own type
type Rule = (object: never, around: Surroundings) => Health;

const RULES: Readonly<Record<string, Rule>> = {
  '/Namespace': namespaceHealth,
  '/Pod': podHealth,
  '/Service': serviceHealth,
  '/PersistentVolume': volumeHealth,
  '/PersistentVolumeClaim': claimHealth,
  '/ReplicationController': replicationControllerHealth,
  'apps/DaemonSet': daemonSetHealth,
  'apps/Deployment': deploymentHealth,
  'apps/ReplicaSet': replicaSetHealth,
  'apps/StatefulSet': statefulSetHealth,
  'apiextensions.k8s.io/CustomResourceDefinition': customResourceDefinitionHealth,
  'apiregistration.k8s.io/APIService': apiServiceHealth,
  'autoscaling/HorizontalPodAutoscaler': autoscalerHealth,
  'batch/CronJob': cronJobHealth,
  'batch/Job': jobHealth,
  'certificates.k8s.io/CertificateSigningRequest': certificateRequestHealth,
  'policy/PodDisruptionBudget': disruptionBudgetHealth,
};

/** Kubernetes' own groups: their kinds have no state of their own unless a rule says so. */
const isBuiltin = (group: string): boolean => !group.includes('.') || group.endsWith('.k8s.io');

export function healthOf(object: KubernetesObject, around: Surroundings = NO_SURROUNDINGS): Health {
  if (object.metadata.deletionTimestamp) return progressing('is being deleted');
  const { group } = splitApiVersion(object.apiVersion);
  const own = around.rules?.judgeOf(object);
  if (own) return own(object);
  const rule = RULES[`${group}/${object.kind}`];
  if (rule) return rule(object as never, around);
  const known = group.includes('.') ? knownKinds().judgeOf(object) : undefined;
  if (known) return known(object);
  return isBuiltin(group) ? healthy() : customResourceHealth(object);
}

/**
 * Where no operator runs, nobody will ever write the status that a custom resource waits for: it is well as it is written.
 *
 * @param health what its rule says
 */
export function withoutOperator(health: Health, { apiVersion, kind, metadata, status }: KubernetesObject): Health {
  const { group } = splitApiVersion(apiVersion);
  const waits = health.status === 'Progressing' && status === undefined && !metadata.deletionTimestamp;
  return waits && group.includes('.') && !(`${group}/${kind}` in RULES) ? healthy('as written: no operator acts on it here') : health;
}

const BADNESS: readonly HealthStatus[] = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'];

/** The health of all together: that of the worst. */
export function worst(statuses: Iterable<HealthStatus>): HealthStatus {
  let found: HealthStatus = 'Healthy';
  for (const status of statuses) if (BADNESS.indexOf(status) > BADNESS.indexOf(found)) found = status;
  return found;
}
