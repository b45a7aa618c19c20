// FlowSchemas and PriorityLevelConfigurations. Follows pkg/apis/flowcontrol/v1/defaults.go.
import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1';
import type { Mutable } from '../../../apimachinery/object.ts';

export function setFlowSchemaDefaults({ spec }: Mutable<FlowSchema>): void {
  if (spec && !spec.matchingPrecedence) spec.matchingPrecedence = 1000;
}

export function setPriorityLevelDefaults({ spec }: Mutable<PriorityLevelConfiguration>): void {
  const { limited, exempt } = spec ?? {};
  if (exempt) {
    exempt.nominalConcurrencyShares ??= 0;
    exempt.lendablePercent ??= 0;
  }
  if (!limited) return;
  limited.nominalConcurrencyShares ??= 30;
  limited.lendablePercent ??= 0;
  const queuing = limited.limitResponse?.queuing;
  if (!queuing) return;
  queuing.queues ||= 64;
  queuing.handSize ||= 8;
  queuing.queueLengthLimit ||= 50;
}
