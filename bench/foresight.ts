// How often a preview foresees what really happened: recorded changes of manifests, each applied to a real control plane, against what a
// preview says of the same change. Compares facts (refusals, pods, availability, endpoints, events, durations within a second) and kinds
// of consequence, with precision and recall of each.
//
//   node scripts/run-ts.mjs bench/foresight.ts [--data DIR] [--only REGEX] [--verbose]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Node } from '#api/core/v1';
import type { Manifest } from '../src/apimachinery/object.ts';
import { RealClock } from '../src/apimachinery/clock.ts';
import type { Client } from '../src/client/client.ts';
import type { BehaviourDocument } from '../src/cluster/cluster.ts';
import { readBehaviour } from '../src/commands/shared/behaviour.ts';
import type { Consequence } from '../src/reconcile/preview/consequence.ts';
import { patchAsOthers, readMeanwhile } from '../src/reconcile/preview/meanwhile.ts';
import { preview } from '../src/reconcile/preview/preview.ts';
import type { PreviewResult } from '../src/reconcile/preview/result.ts';
import { prepare, type Prepared } from '../src/reconcile/prepare.ts';

interface Truth {
  readonly kinds: readonly string[];
  readonly writes: readonly { readonly object: string; readonly action: string; readonly message?: string }[];
  readonly workloads: readonly {
    readonly object: string;
    readonly podsAfter: number;
    readonly podsCreated: number;
    readonly podsDeleted: number;
    readonly readyAfter: number;
    readonly minAvailable: number;
  }[];
  readonly services: readonly {
    readonly object: string;
    readonly endpointsBefore: number | null;
    readonly endpointsAfter: number | null;
    readonly seconds?: number;
  }[];
  readonly unschedulable: readonly { readonly owner: string; readonly message: string }[];
  readonly refusedPods: readonly { readonly owner: string }[];
  readonly preempted: readonly { readonly owner: string }[];
  readonly timeline: readonly { readonly t: number; readonly workload: string }[];
  readonly events: readonly { readonly object: string; readonly reason: string; readonly message: string; readonly sometimes?: boolean }[];
  readonly varies?: readonly string[];
}

/** The record's kinds of consequence by the preview's types and reasons. What is not here the record does not speak of. */
const KINDS: Readonly<Record<string, string>> = {
  'ImmutableField/Immutable': 'immutable',
  'Rejected/Refused': 'refused',
  'PodsRestart/TemplateChanged': 'restart',
  'PodsRestart/Preempted': 'restart',
  'PodsRestart/Other': 'restart',
  'PodsRestart/MadeAnew': 'deleted',
  'SilentConfigChange/NeedsRestart': 'silent-config',
  'SilentConfigChange/FilesFollow': 'silent-config',
  'DanglingReference/PodsWait': 'config-missing',
  'AvailabilityLoss/Outage': 'outage',
  'AvailabilityLoss/Reduced': 'reduced',
  'DeadlineExceeded/Failed': 'stuck',
  'DeadlineExceeded/Progressing': 'stuck',
  'RolloutPaused/Paused': 'stuck',
  'JobFailed/Failed': 'stuck',
  'JobFailed/NotComplete': 'stuck',
  'ServiceWithoutEndpoints/AtRest': 'no-endpoints',
  'ServiceWithoutEndpoints/ForAWhile': 'endpoints-gap',
  'PortWithoutEndpoints/AtRest': 'port-without-endpoints',
  'ServiceRemoved/Removed': 'service-gone',
  ServiceTypeChange: 'service-type',
  'Unschedulable/Unschedulable': 'unschedulable',
  QuotaExceeded: 'pods-refused',
  PodsRefused: 'pods-refused',
  'Preemption/Preempted': 'preemption',
  'DisruptionBudget/Violated': 'pdb-violated',
  'DisruptionBudget/BlocksEvictions': 'pdb-blocks',
  Scaled: 'scaled',
  'JobRuns/Runs': 'job-runs',
  WorkloadRemoved: 'deleted',
  CascadingDeletion: 'cascade',
  'DataLoss/VolumeDeleted': 'data-removed',
  'DataLoss/CustomResourcesDeleted': 'data-removed',
  'DataLeft/ClaimUnused': 'claims-left',
  'DataLeft/VolumeReleased': 'volume-left',
  'ClaimPending/Pending': 'claim-pending',
  'ClaimTerminating/InUse': 'claim-terminating',
};

const kindOf = ({ type, reason }: Consequence): string | undefined => KINDS[`${type}/${reason}`] ?? KINDS[type];

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

/** A node of a world is as large as the others, but for what it says itself: Stages of pods say nothing of nodes. */
function wholeNode(manifest: Prepared['manifests'][number]): Prepared['manifests'][number] {
  const { object } = manifest;
  if (object.kind !== 'Node') return manifest;
  const size = { cpu: '4', memory: '16Gi', pods: '110' };
  const { capacity, allocatable, ...status } = (object as Manifest<Node>).status ?? {};
  const full = { ...status, capacity: { ...size, ...capacity }, allocatable: { ...size, ...capacity, ...allocatable } };
  return { ...manifest, object: { ...object, status: full } };
}

// how pods behaved where it was recorded: the record's own Stages; pods that lack configuration were held back there
const behaviour: BehaviourDocument = { ...(await readBehaviour(path.join(root, 'stages.yaml'))), kubelet: { like: 'kwok', config: true } };

const facts = new Map<string, { agree: number; of: number }>();
const kinds = new Map<string, { right: number; missed: number; wrong: number }>();
let whole = 0;
let cases = 0;

async function foresee(folder: string): Promise<PreviewResult> {
  const worldFile = path.join(folder, 'world.yaml');
  const world = fs.existsSync(worldFile) ? await read(worldFile) : undefined;
  const hasNodes = world?.manifests.some(({ object }) => object.kind === 'Node') ?? false;
  const manifests = [...(hasNodes ? [] : threeNodes.manifests), ...(world?.manifests.map(wholeNode) ?? [])];
  return preview(await read(path.join(folder, 'base')), await read(path.join(folder, 'head')), {
    namespace: 'default',
    nodes: 0,
    // nobody began at a whole second
    now: Date.UTC(2026, 0, 1) + 500,
    seed: 1,
    signal: new AbortController().signal,
    behaviour,
    world: { ...(world ?? threeNodes), manifests },
    meanwhile: (client) => others(client, path.join(folder, 'meanwhile.yaml')),
  });
}

/** What others did before head came. */
async function others(client: Client, file: string): Promise<void> {
  if (fs.existsSync(file)) await patchAsOthers(client, await readMeanwhile(fs.readFileSync(file, 'utf8')));
}

const nameOf = ({ kind, namespace, name }: { readonly kind: string; readonly namespace: string; readonly name: string }): string =>
  [kind, namespace, name].filter(Boolean).join('/');

/** What of a case the preview says otherwise than it was. */
function compareFacts(truth: Truth, result: PreviewResult): string[] {
  const wrong: string[] = [];
  const fact = (name: string, what: string, was: unknown, said: unknown, agrees = JSON.stringify(was) === JSON.stringify(said)): void => {
    const tally = facts.get(name) ?? { agree: 0, of: 0 };
    facts.set(name, tally);
    tally.of++;
    if (agrees) tally.agree++;
    else wrong.push(`${what} ${name}: was ${JSON.stringify(was)}, said ${JSON.stringify(said)}`);
  };
  const of = (...types: string[]): string[] =>
    [...new Set(result.consequences.filter(({ type }) => types.includes(type)).map(({ object }) => nameOf(object)))].sort();
  const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();
  fact(
    'refusals',
    '',
    sorted(truth.writes.filter(({ action }) => action === 'refused').map(({ object }) => object)),
    of('Rejected', 'ImmutableField'),
  );
  fact('unschedulable', '', sorted(truth.unschedulable.map(({ owner }) => owner)), of('Unschedulable'));
  fact('refused pods', '', sorted(truth.refusedPods.map(({ owner }) => owner)), of('QuotaExceeded', 'PodsRefused'));
  fact('preempted', '', sorted(truth.preempted.map(({ owner }) => owner)), of('Preemption'));
  for (const { owner, message } of truth.unschedulable) {
    const said = result.consequences.find(({ type, object }) => type === 'Unschedulable' && nameOf(object) === owner)?.cause;
    fact("scheduler's words", owner, message, said);
  }
  for (const { object, action, message = '' } of truth.writes) {
    if (action !== 'refused' || message.length >= 440 || message.includes('…')) continue;
    const said = result.consequences.find((c) => /Rejected|ImmutableField/.test(c.type) && nameOf(c.object) === object)?.cause;
    fact("server's words", object, message, said);
  }
  for (const workload of truth.workloads) {
    const history = result.workloads.find((h) => nameOf(h) === workload.object);
    const times = truth.timeline.filter((state) => state.workload === workload.object);
    const last = times.at(-1)?.t ?? 0;
    const quiet = {
      podsCreated: 0,
      podsDeleted: 0,
      podsAfter: workload.podsAfter,
      readyAfter: workload.readyAfter,
      minReady: workload.minAvailable,
      lastChangeSeconds: 0,
    };
    const said = history ?? quiet;
    fact('pods created', workload.object, workload.podsCreated, said.podsCreated);
    fact('pods deleted', workload.object, workload.podsDeleted, said.podsDeleted);
    fact('pods at rest', workload.object, workload.podsAfter, said.podsAfter);
    fact('ready at rest', workload.object, workload.readyAfter, said.readyAfter);
    fact('lowest available', workload.object, workload.minAvailable, said.minReady);
    const end = history?.timeline.at(-1)?.seconds ?? 0;
    if (!truth.varies?.length) fact('duration within 1 s', workload.object, last, end, Math.abs(last - end) <= 1);
  }
  for (const service of truth.services) {
    if (service.endpointsBefore === null || service.endpointsAfter === null) continue;
    const told = result.services.find((s) => nameOf({ kind: 'Service', ...s }) === service.object);
    fact('endpoints at rest', service.object, service.endpointsAfter, told?.endpointsAfter ?? service.endpointsBefore);
    if (service.seconds === undefined) continue;
    const seconds = told?.secondsWithoutEndpoints ?? 0;
    fact('seconds without endpoints within 1 s', service.object, service.seconds, seconds, Math.abs(service.seconds - seconds) <= 1);
  }
  const eventText = (object: string, reason: string, message: string): string => normalised(`${object} ${reason} ${message}`);
  const told = new Set(result.events.map(({ object, reason, message }) => eventText(`${object.kind}/${object.name}`, reason, message)));
  const seen = new Set(truth.events.map(({ object, reason, message }) => eventText(object, reason, message)));
  for (const { object, reason, message, sometimes } of truth.events) {
    const text = eventText(object, reason, message);
    if (!sometimes) fact('events seen', object, text, told.has(text) ? text : undefined);
  }
  for (const text of told) fact('events told', '', seen.has(text) ? text : undefined, text);
  return wrong;
}

/** Names with random parts, nodes and zones are no fact. */
const normalised = (text: string): string =>
  text
    .replace('(combined from similar events): ', '')
    .replace(/-[bcdf-hj-np-tv-z2-9]{5}\b/g, '-<suffix>')
    .replace(/\b(to|node) (?:node-\d|<node>)/g, '$1 <node>')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
    .slice(0, 400);

function compareKinds(truth: Truth, result: PreviewResult): string[] {
  const said = new Map<string, Consequence[]>();
  for (const consequence of result.consequences) {
    const kind = kindOf(consequence);
    if (kind) said.set(kind, [...(said.get(kind) ?? []), consequence]);
  }
  const wrong: string[] = [];
  for (const kind of new Set([...truth.kinds, ...said.keys()])) {
    const tally = kinds.get(kind) ?? { right: 0, missed: 0, wrong: 0 };
    kinds.set(kind, tally);
    if (truth.kinds.includes(kind) && said.has(kind)) tally.right++;
    else if (said.has(kind)) {
      tally.wrong++;
      wrong.push(
        `${kind} said and was not: ${said
          .get(kind)!
          .map(({ message }) => message)
          .join('; ')}`,
      );
    } else {
      tally.missed++;
      wrong.push(`${kind} missed`);
    }
  }
  return wrong;
}

for (const id of fs
  .readdirSync(root)
  .filter((name) => new RegExp(args.only).test(name) && fs.existsSync(path.join(root, name, 'truth.json')))) {
  const folder = path.join(root, id);
  const truth = JSON.parse(fs.readFileSync(path.join(folder, 'truth.json'), 'utf8')) as Truth;
  const result = await foresee(folder);
  const wrong = [...compareFacts(truth, result), ...compareKinds(truth, result)];
  cases++;
  if (wrong.length === 0) whole++;
  if (args.verbose && wrong.length) console.log(`${id}\n${wrong.map((line) => `  ${line}`).join('\n')}`);
}

for (const [name, { agree, of }] of [...facts].sort()) console.log(`${String(agree).padStart(5)} of ${String(of).padStart(5)}  ${name}`);
console.log(`${'kind'.padEnd(26)} right missed wrong`);
const sum = { right: 0, missed: 0, wrong: 0 };
for (const [kind, { right, missed, wrong }] of [...kinds].sort()) {
  console.log(`${kind.padEnd(26)} ${String(right).padStart(5)} ${String(missed).padStart(6)} ${String(wrong).padStart(5)}`);
  sum.right += right;
  sum.missed += missed;
  sum.wrong += wrong;
}
const share = (part: number, rest: number): string => (part + rest === 0 ? '-' : (part / (part + rest)).toFixed(3));
console.log(`precision ${share(sum.right, sum.wrong)}, recall ${share(sum.right, sum.missed)}`);
console.log(`${whole} of ${cases} changes agree in everything`);
