// What an autoscaler looks after has as many replicas as it wants, within its bounds, and at the bound that a steady load pushes it to.
import type { Deployment } from '#api/apps/v1';
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2';
import type { Pod } from '#api/core/v1';
import { LabelSelector } from '../../../apimachinery/label-selector.ts';
import { livesByStages, nameOf, type World } from '../world.ts';
import type { RestInvariant } from './invariant.ts';

export const autoscalersSettle: RestInvariant = {
  name: 'autoscalers settle',
  check: (world) => world.autoscalers.flatMap((autoscaler) => checkAutoscaler(autoscaler, world)),
};

/** Beyond these shares of what is asked for, replicas are added or taken away: 10% are tolerated. */
const [TOO_MUCH, TOO_LITTLE] = [1.1, 0.9];

function checkAutoscaler(autoscaler: HorizontalPodAutoscaler, world: World): string[] {
  const { deployments, pods } = world;
  const { spec, status } = autoscaler;
  const { namespace } = autoscaler.metadata;
  const target = deployments.find(({ metadata }) => metadata.namespace === namespace && metadata.name === spec?.scaleTargetRef.name);
  // scaled to nothing by hand: the autoscaler is off
  if (!spec || !target || target.spec?.replicas === 0) return [];
  const { minReplicas = 1, maxReplicas } = spec;
  const replicas = target.spec?.replicas ?? 1;
  const what = `HorizontalPodAutoscaler ${nameOf(autoscaler)}`;
  const problems: string[] = [];
  if (replicas < minReplicas || replicas > maxReplicas)
    problems.push(`${what}: ${replicas} replicas, and its bounds are ${minReplicas} and ${maxReplicas}`);
  // what uses nothing tells an autoscaler nothing
  if (pods.some((pod) => isOf(pod, target) && livesByStages(pod, world))) return problems;
  if (status?.desiredReplicas !== replicas)
    problems.push(`${what}: wants ${status?.desiredReplicas ?? 0} replicas, and there are ${replicas}`);
  const wanted = spec.metrics?.[0]?.resource?.target.averageUtilization;
  const used = status?.currentMetrics?.[0]?.resource?.current.averageUtilization;
  if (wanted === undefined) return problems;
  if (used === undefined) return [...problems, `${what}: knows of no usage`];
  if (used > wanted * TOO_MUCH && replicas < maxReplicas)
    problems.push(`${what}: ${used}% are used of ${wanted}%, and ${replicas} replicas are left so`);
  if (Math.ceil((replicas * used) / wanted) < replicas && used < wanted * TOO_LITTLE && replicas > minReplicas)
    problems.push(`${what}: ${used}% are used of ${wanted}%, and ${replicas} replicas stay`);
  return problems;
}

const isOf = ({ metadata }: Pod, { metadata: { namespace }, spec }: Deployment): boolean =>
  metadata.namespace === namespace && LabelSelector.fromSpec(spec?.selector).matches(metadata.labels ?? {});
