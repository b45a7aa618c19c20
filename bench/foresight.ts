// How often a preview foresees what really happened: recorded changes of manifests, each applied to a real control plane, against what a
// preview says of the same change. Counts refusals, pods created and deleted, the lowest number available, and Services without endpoints.
//
//   node scripts/run-ts.mjs bench/foresight.ts [--data DIR] [--only REGEX] [--verbose]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Node } from '#api/core/v1';
import { RealClock } from '../src/apimachinery/clock.ts';
import type { Manifest } from '../src/apimachinery/object.ts';
import type { BehaviourDocument } from '../src/cluster/cluster.ts';
import { readBehaviour } from '../src/commands/shared/behaviour.ts';
import { preview } from '../src/reconcile/preview/preview.ts';
import { prepare, type Prepared } from '../src/reconcile/prepare.ts';

interface Truth {
  readonly writes: readonly { readonly object: string; readonly action: string }[];
  readonly workloads: readonly {
    readonly object: string;
    readonly podsCreated: number;
    readonly podsDeleted: number;
    readonly minAvailable: number;
    readonly gone?: boolean;
  }[];
  readonly services: readonly {
    readonly object: string;
    readonly endpointsBefore: number | null;
    readonly endpointsAfter: number | null;
  }[];
}

const { values: args } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/oracle/recorded/changes' },
    only: { type: 'string', default: '.' },
    verbose: { type: 'boolean', default: false },
  },
});
const root = path.resolve(args.data);
const read = (location: string): Promise<Prepared> =>
  prepare({ location }, { clock: new RealClock(), stdin: process.stdin, cacheDirectory: path.join(root, '.cache') }, { judge: 'server' });

/** Those of a world that does not say which nodes it has. */
const nodesFile = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'foresight-')), 'nodes.yaml');
const node = (name: string, zone: string): string => `apiVersion: v1
kind: Node
metadata:
  name: ${name}
  labels: { topology.kubernetes.io/zone: ${zone}, kubernetes.io/hostname: ${name}, kubernetes.io/os: linux }
status:
  capacity: { cpu: "4", memory: 16Gi, pods: "110" }
  allocatable: { cpu: "4", memory: 16Gi, pods: "110" }
`;
fs.writeFileSync(nodesFile, ['a', 'b', 'c'].map((zone, i) => node(`node-${i + 1}`, zone)).join('---\n'));
const threeNodes = await read(nodesFile);
fs.rmSync(path.dirname(nodesFile), { recursive: true });

/** A node of a world is as large as the others, but for what it says itself. */
function wholeNode(manifest: Prepared['manifests'][number]): Prepared['manifests'][number] {
  const { object } = manifest;
  if (object.kind !== 'Node') return manifest;
  const size = { cpu: '4', memory: '16Gi', pods: '110' };
  const { capacity, allocatable, ...status } = (object as Manifest<Node>).status ?? {};
  const whole = { ...status, capacity: { ...size, ...capacity }, allocatable: { ...size, ...capacity, ...allocatable } };
  return { ...manifest, object: { ...object, status: whole } };
}

// how pods behaved where it was recorded: the record's own Stages; pods that lack configuration were held back there
const behaviour: BehaviourDocument = { ...(await readBehaviour(path.join(root, 'stages.yaml'))), kubelet: { like: 'kwok', config: true } };

const totals = { refusals: [0, 0], pods: [0, 0], lowest: [0, 0], endpoints: [0, 0], whole: [0, 0] };
const tally = (kind: keyof typeof totals, agrees: boolean): boolean => {
  totals[kind][1]!++;
  if (agrees) totals[kind][0]!++;
  return agrees;
};

for (const id of fs
  .readdirSync(root)
  .filter((name) => new RegExp(args.only).test(name) && fs.existsSync(path.join(root, name, 'truth.json')))) {
  const folder = path.join(root, id);
  // what others did meanwhile is not part of a preview from files
  if (fs.existsSync(path.join(folder, 'meanwhile.yaml'))) continue;
  const truth = JSON.parse(fs.readFileSync(path.join(folder, 'truth.json'), 'utf8')) as Truth;
  const worldFile = path.join(folder, 'world.yaml');
  const world = fs.existsSync(worldFile) ? await read(worldFile) : undefined;
  const hasNodes = world?.manifests.some(({ object }) => object.kind === 'Node') ?? false;
  const manifests = [...(hasNodes ? [] : threeNodes.manifests), ...(world?.manifests.map(wholeNode) ?? [])];
  const [base, head] = [await read(path.join(folder, 'base')), await read(path.join(folder, 'head'))];
  const result = await preview(base, head, {
    namespace: 'default',
    nodes: 0,
    now: Date.UTC(2026, 0, 1),
    seed: 1,
    signal: new AbortController().signal,
    behaviour,
    world: { ...(world ?? threeNodes), manifests },
  });
  const name = ({ kind, namespace, name: own }: { readonly kind: string; readonly namespace: string; readonly name: string }): string =>
    [kind, namespace, own].filter(Boolean).join('/');
  const wrong: string[] = [];
  const said = new Set(
    result.consequences.filter(({ type }) => type === 'Rejected' || type === 'ImmutableField').map(({ object }) => name(object)),
  );
  const refused = truth.writes.filter(({ action }) => action === 'refused').map(({ object }) => object);
  if (!tally('refusals', refused.length === said.size && refused.every((object) => said.has(object))))
    wrong.push(`refused ${refused.join()} said ${[...said].join()}`);
  for (const workload of truth.workloads) {
    const rollout = result.rollouts.find((r) => name(r) === workload.object);
    if (!rollout) continue;
    const pods = `+${workload.podsCreated} -${workload.podsDeleted}`;
    if (!tally('pods', pods === `+${rollout.podsCreated} -${rollout.podsDeleted}`))
      wrong.push(`${workload.object} ${pods} said +${rollout.podsCreated} -${rollout.podsDeleted}`);
    if (!tally('lowest', workload.minAvailable === rollout.minAvailable))
      wrong.push(`${workload.object} lowest ${workload.minAvailable} said ${rollout.minAvailable}`);
  }
  for (const service of truth.services) {
    const told = result.services.find((s) => name({ kind: 'Service', ...s }) === service.object);
    const changed =
      service.endpointsBefore !== service.endpointsAfter && service.endpointsBefore !== null && service.endpointsAfter !== null;
    if (changed && !tally('endpoints', told?.endpointsAfter === service.endpointsAfter))
      wrong.push(`${service.object} endpoints ${service.endpointsAfter} said ${told?.endpointsAfter}`);
  }
  tally('whole', wrong.length === 0);
  if (args.verbose && wrong.length) console.log(`${id}: ${wrong.join('; ')}`);
}
for (const [kind, [agree, of]] of Object.entries(totals)) console.log(`${String(agree).padStart(4)} of ${String(of).padStart(4)}  ${kind}`);
