// Scenarios as people write them.
import { describe, expect, it } from 'vitest';
import { readScenario } from '../../../src/cluster/simulation/scenario-file.ts';
import { stepText } from '../../../src/cluster/simulation/scenario.ts';

const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'shop' } };
const load = (file: string) => Promise.resolve([{ ...manifest, metadata: { name: file } }]);

it.each<[unknown, string]>([
  [{ advance: '90s' }, '90 s pass'],
  [{ apply: manifest }, 'apply ConfigMap shop/a'],
  [{ apply: [manifest] }, 'apply ConfigMap shop/a'],
  [{ apply: 'web.yaml' }, 'apply ConfigMap web.yaml'],
  [{ scale: { 'apps/v1/Deployment/shop/web': 5 } }, 'scale Deployment shop/web to 5'],
  [{ delete: 'v1/Node/node-1' }, 'delete Node node-1'],
  [{ 'delete pod': { app: 'web' } }, 'delete a pod of app=web'],
  [{ cordon: 'node-1' }, 'cordon node-1'],
  [{ drain: 'node-1' }, 'drain node-1'],
  [{ 'kill node': 'node-1' }, 'node-1 loses power'],
  [{ 'start node': 'node-1' }, 'node-1 starts again'],
  [{ partition: 'node-1' }, 'node-1 is cut off from the API server'],
  [{ heal: 'node-1' }, 'node-1 reaches the API server again'],
  [
    { faults: { 'fail writes': '10%', 'lose answers': '5%', delay: '50ms' } },
    '10% of writes fail, 5% of answers are lost, requests take up to 50 ms',
  ],
  [{ faults: 'none' }, 'requests work again'],
  [{ 'drop watches': 'expired' }, 'all watches end, their versions too old'],
  [{ restart: 'controllers' }, 'controllers crashes'],
])('%j reads as: %s', async (step, text) => {
  const { steps } = await readScenario({ steps: [step] }, load);
  expect(steps.map(stepText)).toEqual([text]);
});

describe('is refused:', () => {
  it.each<[unknown, string]>([
    [[], 'the scenario: must be an object with `steps`'],
    [{ steps: [], node: 3 }, 'node: is unknown; there are nodes, replicas, metrics and steps'],
    [{ nodes: 0, steps: [] }, 'nodes: must be a whole number, at least 1'],
    [{ steps: {} }, 'steps: must be a list'],
    [{ steps: [{ explode: 'node-1' }] }, 'steps[0]: must be one of advance, apply,'],
    [{ steps: [{ advance: '1s', cordon: 'n' }] }, 'steps[0]: must be one of'],
    [{ steps: [{ advance: 'soon' }] }, 'steps[0].advance: must be a duration such as 90s or 5m'],
    [{ steps: [{ delete: 'web' }] }, 'steps[0].delete: must name an object'],
    [{ steps: [{ apply: { kind: 'Pod' } }] }, 'steps[0].apply: must be a file, or a manifest'],
    [{ steps: [{ faults: { 'fail writes': '110%' } }] }, 'steps[0].faults.fail writes: must be a share such as 10%'],
    [{ steps: [{ faults: { 'fail reads': '1%' } }] }, 'steps[0].faults.fail reads: is unknown'],
    [{ steps: [{ 'drop watches': 'all' }] }, 'steps[0].drop watches: must be expired or resumable'],
  ])('%j', async (document, why) => {
    await expect(readScenario(document, load)).rejects.toThrow(why);
  });
});
