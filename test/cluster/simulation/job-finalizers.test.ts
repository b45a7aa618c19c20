// A Job counts its pods although removing their finalizers fails: it is tried again.
import { expect, test } from 'vitest';
import type { KubernetesObject, Manifest } from '../../../src/apimachinery/object.ts';
import { simulate } from '../../../src/cluster/simulation/simulation.ts';

const job: Manifest<KubernetesObject> = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'batch', namespace: 'default' },
  spec: {
    completions: 4,
    parallelism: 2,
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'example.com/batch:1' }] } },
  },
};

test.each([1, 2, 3, 4, 5])('seed %i', async (seed) => {
  const { violations } = await simulate({
    seed,
    scenario: {
      nodes: 2,
      steps: [
        { do: 'faults', faults: { failWrites: 0.3, loseAnswers: 0.1, delayMs: 50 } },
        { do: 'apply', object: job },
        { do: 'advance', ms: 60_000 },
      ],
    },
  });
  expect(violations).toEqual([]);
});
