// Objects that the server relies on keep their form, and local APIServices are there at once.
import { expect, it } from 'vitest';
import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1';
import type { Manifest } from '../../../src/apimachinery/object.ts';
import { flowSchemas, priorityLevels } from '../../../src/cluster/apiserver/bootstrap/flow-control.ts';
import { inProcess, refusal } from './in-process.ts';

const SCHEMA = 'flowcontrol.apiserver.k8s.io/v1/FlowSchema';
const LEVEL = 'flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration';

const schema = (name: string): Manifest<FlowSchema> => flowSchemas(0).find((s) => s.metadata.name === name)!;
const level = (name: string): Manifest<PriorityLevelConfiguration> => priorityLevels().find((l) => l.metadata.name === name)!;

it.each(flowSchemas(0).map((s) => s.metadata.name!))('the FlowSchema %s that the server makes itself is valid', async (name) => {
  const { client } = await inProcess();
  await expect(client.create(SCHEMA, schema(name), { dryRun: true })).resolves.toBeDefined();
});

it.each(priorityLevels().map((l) => l.metadata.name!))(
  'the PriorityLevelConfiguration %s that the server makes itself is valid',
  async (name) => {
    const { client } = await inProcess();
    await expect(client.create(LEVEL, level(name), { dryRun: true })).resolves.toBeDefined();
  },
);

it('mandatory schemas and levels are what they are, but for the shares of the exempt level', async () => {
  const { client } = await inProcess();
  const { spec, ...catchAll } = schema('catch-all');
  const changed = { ...catchAll, spec: { ...spec, matchingPrecedence: 9000 } };
  expect(await refusal(client.create(SCHEMA, changed))).toContain("spec of 'catch-all' must equal the fixed value");
  const exempt = level('exempt');
  const shares = { ...exempt, spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 3, lendablePercent: 50 } } };
  expect((await client.create(LEVEL, shares)).spec.exempt).toEqual({ nominalConcurrencyShares: 3, lendablePercent: 50 });
  const limited = { ...exempt, spec: { ...level('catch-all').spec } };
  expect(await refusal(client.create(LEVEL, limited, { dryRun: true }))).toContain("type must be 'Exempt' if and only if name is 'exempt'");
});

it('an APIService that this server answers for is available at once', async () => {
  const { client } = await inProcess();
  const spec = { group: 'example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 15 };
  const made = await client.create('apiregistration.k8s.io/v1/APIService', {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1.example.com' },
    spec,
  });
  expect(made.status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`)).toEqual(['Available True Local']);
});
