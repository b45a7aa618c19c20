// A prediction holds: cases of previews, each done to a served cluster in real time with kubectl, in a namespace of its own, against what
// its preview says: pods that come and go, the lowest number that is ready, events, and refusals word for word.
import { execFile, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import type { BehaviourDocument } from '../../../src/cluster/cluster.ts';
import { serveCluster, type ServedCluster } from '../../../src/cluster/served-cluster.ts';
import type { PreviewResult } from '../../../src/reconcile/preview/result.ts';
import { CASES, previewFiles } from './cases.ts';
import { PodWatch } from './pod-watch.ts';

const CHOSEN = [
  'budget-of-every-pod',
  'config-changes-with-its-checksum',
  'config-goes-while-pods-run',
  'config-missing-in-a-new-version',
  'container-port-renamed',
  'image-that-cannot-be-pulled',
  'immutable-config-changes',
  'job-template-changes',
  'job-that-fails',
  'job-that-succeeds',
  'more-pods-than-the-quota',
  'mounted-files-change',
  'new-version-never-ready-under-a-budget',
  'one-at-a-time-under-a-budget',
  'one-replica-recreated',
  'one-replica-rolled-with-surge',
  'one-service-more-than-the-quota',
  'paused-with-a-new-image',
  'pods-for-a-node-that-is-not-there',
  'pods-larger-than-any-node',
  'pods-with-a-priority-that-is-not-there',
  'recreated-under-a-budget',
  'replicas-below-zero',
  'rollout-takes-more-than-the-budget',
  'scaled-below-the-budget',
  'scaled-to-nothing',
  'secret-in-the-environment-changes',
  'selector-of-a-deployment-changes',
  'statefulset-restarts-one-by-one',
  'surge-under-a-budget',
];

/** Everything is quick, here and in the previews. */
const QUICK = { pull: { duration: '0s' }, start: '300ms', ready: '300ms', stop: { after: '400ms', code: 0 } };
const QUIET_MS = 2500;
const LONGEST_MS = 30_000;
/** A machine that is busy takes several times as long as one that is not. */
const SETUP_TIMEOUT_MS = 300_000;
/** Which are told in time, whatever else is going on. */
const EARLY_SECONDS = 2;

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
const NONE = 'there is no kubectl here';

interface Case {
  readonly name: string;
  readonly namespace: string;
  readonly folder: string;
}

let served: ServedCluster;
let directory: string;
let refusals = '';
const watch = new PodWatch();
const events = new Map<string, Set<string>>();
const predictions = new Map<string, PreviewResult>();
const cases: Case[] = CHOSEN.map((name, i) => ({ name, namespace: `case-${i}`, folder: path.join(CASES, name) }));

const read = ({ folder, namespace }: Case, part: string): string => {
  const file = path.join(folder, `${part}.yaml`);
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').replaceAll(/\bshop\b/g, namespace) : '';
};

/** Of all cases at once: each one's rules for its own namespace. */
function behaviour(): BehaviourDocument {
  const own = cases.flatMap((one) => {
    const text = read(one, 'behaviour');
    const { rules = [] } = (text ? parse(text) : {}) as Partial<BehaviourDocument>;
    return rules.map(({ when, then }) => ({ when: { ...when, namespace: one.namespace }, then }));
  });
  return { rules: [{ then: QUICK }, { when: { owner: 'Job' }, then: { exit: { code: 0, after: '300ms' } } }, ...own] };
}

const environment = (): NodeJS.ProcessEnv => ({ ...process.env, KUBECONFIG: served.serving.kubeconfig });

const kubectl = (...args: string[]): Promise<{ readonly stdout: string; readonly stderr: string }> =>
  new Promise((resolve) => {
    execFile('kubectl', args, { env: environment(), maxBuffer: 1 << 28 }, (_, stdout, stderr) => resolve({ stdout, stderr }));
  });

async function apply(part: string): Promise<string> {
  const file = path.join(directory, `${part}.yaml`);
  fs.writeFileSync(file, cases.map((one) => read(one, part)).join('---\n'));
  return (await kubectl('apply', '--server-side', '--force-conflicts', '--field-manager=jibe', '-f', file)).stderr;
}

/** What head does not have any more. */
async function removeOld(): Promise<void> {
  const keyOf = (object: { kind: string; metadata: { name: string } }): string => `${object.kind} ${object.metadata.name}`;
  const objects = (text: string) =>
    parseAllDocuments(text).map((document) => document.toJS() as { kind: string; metadata: { name: string } });
  const gone = cases.flatMap((one) => {
    const kept = new Set(objects(read(one, 'after')).map(keyOf));
    return objects(read(one, 'before')).filter((object) => !kept.has(keyOf(object)));
  });
  if (gone.length === 0) return;
  const file = path.join(directory, 'gone.yaml');
  fs.writeFileSync(file, gone.map((object) => stringify(object)).join('---\n'));
  await kubectl('delete', '--wait=false', '-f', file);
}

async function predict(one: Case): Promise<PreviewResult> {
  const [before, after] = ['before', 'after'].map((part) => path.join(directory, `${one.namespace}-${part}.yaml`)) as [string, string];
  fs.writeFileSync(before, read(one, 'before'));
  fs.writeFileSync(after, read(one, 'after'));
  return previewFiles({ before, after }, { behaviour: behaviour() });
}

beforeAll(async () => {
  if (!hasKubectl) return;
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-prediction-'));
  served = await serveCluster({
    home: directory,
    name: 'prediction',
    port: 0,
    nodes: 3,
    inMemory: true,
    behaviour: behaviour(),
    onError() {},
  });
  await apply('before');
  const watching = spawn('kubectl', ['get', 'pods', '-A', '-o', 'json', '--watch', '--output-watch-events'], { env: environment() });
  watching.stdout.setEncoding('utf8').on('data', (text: string) => watch.read(text));
  try {
    await watch.quiet(QUIET_MS, LONGEST_MS);
    watch.begin();
    const earlier = new Map((await eventsNow()).map((event) => [event.metadata.uid, event.count]));
    refusals = await apply('after');
    await removeOld();
    // while the cluster works
    for (const one of cases) predictions.set(one.name, await predict(one));
    await watch.quiet(QUIET_MS, LONGEST_MS);
    for (const event of await eventsNow()) {
      if (earlier.has(event.metadata.uid) && earlier.get(event.metadata.uid) === event.count) continue;
      const { namespace } = event.metadata;
      events.set(
        namespace,
        (events.get(namespace) ?? new Set()).add(eventText(event.involvedObject.kind, event.type, event.reason, event.message)),
      );
    }
  } finally {
    watching.kill();
  }
}, SETUP_TIMEOUT_MS);

afterAll(async () => {
  await served?.stop();
  if (directory) fs.rmSync(directory, { recursive: true, force: true });
});

interface RealEvent {
  readonly metadata: { readonly namespace: string; readonly uid: string };
  readonly involvedObject: { readonly kind: string };
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count?: number;
}

const eventsNow = async (): Promise<readonly RealEvent[]> =>
  (JSON.parse((await kubectl('get', 'events', '-A', '-o', 'json')).stdout) as { items: RealEvent[] }).items;

/** What goes well is told in steps that depend on the moment; what goes wrong is told in the same words. */
const eventText = (kind: string, type: string, reason: string, message: string): string =>
  type === 'Warning' ? `${kind} ${reason} ${normalised(message)}` : `${kind} ${reason}`;

const normalised = (text: string): string =>
  text
    .replace('(combined from similar events): ', '')
    .replace(/-[bcdf-hj-np-tv-z2-9]{5}\b/g, '-<suffix>')
    .replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/g, '<uid>');

/** As long as a container is held back, it is told again and again. */
const REPEATED = /^(?:Pod (?:BackOff|Unhealthy|Pulling|Pulled|Created|Started|Killing)|Deployment \w*$)/;

test.runIf(hasKubectl).for(hasKubectl ? cases : [])('$name', ({ name, namespace }) => {
  const predicted = predictions.get(name)!;
  const workloads = new Set([...watch.changed(namespace), ...predicted.workloads.map((w) => `${w.kind}/${w.namespace}/${w.name}`)]);
  for (const key of workloads) {
    const was = watch.history(key);
    const said = predicted.workloads.find((w) => `${w.kind}/${w.namespace}/${w.name}` === key);
    expect({ key, ...was }).toEqual({
      key,
      created: said?.podsCreated ?? 0,
      deleted: said?.podsDeleted ?? 0,
      lowest: said?.minReady ?? was.lowest,
      ready: said?.readyAfter ?? was.ready,
    });
  }
  const told = (list: Iterable<string>): string[] => [...list].filter((text) => !REPEATED.test(text)).sort();
  const seen = told(events.get(namespace) ?? []);
  const all = predicted.events.map(
    (event) => [event.seconds, eventText(event.object.kind, event.type, event.reason, event.message)] as const,
  );
  expect(seen.filter((text) => !all.some(([, other]) => other === text))).toEqual([]);
  const early = told(new Set(all.filter(([seconds]) => seconds <= EARLY_SECONDS).map(([, text]) => text)));
  expect(early.filter((text) => !seen.includes(text))).toEqual([]);
  for (const { type, cause } of predicted.consequences)
    if (/^(?:Rejected|ImmutableField)$/.test(type)) expect(normalised(refusals)).toContain(wordsOf(cause));
});

/** kubectl puts words of its own before those of the server. */
const wordsOf = (cause: string): string =>
  normalised(cause)
    .replace(/^\S+ "[^"]*" is invalid: /, '')
    .slice(0, 200);

test.runIf(!hasKubectl)(NONE, () => expect(hasKubectl).toBe(false));
