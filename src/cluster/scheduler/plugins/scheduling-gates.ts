// SchedulingGates: a pod waits outside the queue until its last gate is taken away.
import type { Plugin } from '../framework.ts';
import { refuseForGood } from '../framework.ts';

export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  events: [{ resource: 'Pod', actions: ['UpdateSelf'] }],
  preEnqueue({ spec }) {
    const gates = spec.schedulingGates ?? [];
    return gates.length ? refuseForGood(`waiting for scheduling gates: [${gates.map((g) => g.name).join(' ')}]`) : undefined;
  },
};
