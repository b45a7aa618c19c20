// How long previews take as whole processes, and how much memory: two releases of Online Boutique, four apps, and a repository of 200 apps of
// which a change touches three. With --boutique: whether a preview of all neighbouring releases changes what `kubectl diff` shows.
// `npm run bench:preview -- [--boutique] [--data DIR] [--runs N]`
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { RealClock } from '../src/apimachinery/clock.ts';
import { serveCluster } from '../src/cluster/served-cluster.ts';
import { preview } from '../src/reconcile/preview/preview.ts';
import { prepare } from '../src/reconcile/prepare.ts';
import { changesOf, kubectlDiff } from '../test/reconcile/preview/kubectl-diff.ts';

const { values } = parseArgs({
  options: {
    boutique: { type: 'boolean', default: false },
    data: { type: 'string', default: '../shared/corpus/online-boutique/releases' },
    runs: { type: 'string', default: '3' },
  },
});

/** What a tool of the same purpose, which starts a cluster in Docker, says of itself for four apps: with a new cluster, and with one that runs. */
const PEER_SECONDS = { fresh: 99, running: 10 };
const JIBE = path.resolve('bin/jibe.js');
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'preview-'));

if (values.boutique) await boutique(values.data);
else speed();
fs.rmSync(scratch, { recursive: true, force: true });

function speed(): void {
  const fixture = (release: string): string => path.resolve('fixtures/online-boutique', release);
  measured('two releases of Online Boutique', scratch, ['--base', fixture('v0.10.4'), '--head', fixture('v0.10.5')]);
  const four = measured('four apps, two of them changed', repository(4, [1, 3]), [
    '--base',
    'main',
    '--head',
    'change',
    '--path',
    'bootstrap',
  ]);
  console.log(
    `  a peer: ${PEER_SECONDS.fresh} s with a new cluster, ${PEER_SECONDS.running} s with a running one: ${(PEER_SECONDS.fresh / four).toFixed(0)} and ${(PEER_SECONDS.running / four).toFixed(1)} times as long`,
  );
  measured('200 apps, three of them changed', repository(200, [3, 50, 120]), ['--base', 'main', '--head', 'change', '--path', 'bootstrap']);
}

/** @returns the seconds of the fastest run */
function measured(what: string, directory: string, args: readonly string[]): number {
  let best = Infinity;
  let memory = 0;
  let cpu = Infinity;
  for (let i = 0; i < Number(values.runs); i++) {
    const started = performance.now();
    const run = spawnSync('/usr/bin/env', ['time', '-f', '%M %U', process.execPath, JIBE, 'preview', '-q', '--fail-on', 'never', ...args], {
      cwd: directory,
      encoding: 'utf8',
    });
    if (run.status !== 0) throw new Error(`${what}: ${run.stderr}`);
    best = Math.min(best, (performance.now() - started) / 1000);
    const [kilobytes = 0, seconds = 0] = run.stderr.trim().split('\n').at(-1)!.split(' ').map(Number);
    memory = Math.max(memory, kilobytes / 1024);
    cpu = Math.min(cpu, seconds);
  }
  console.log(`${best.toFixed(2)} s (${cpu.toFixed(2)} s of a processor)  ${memory.toFixed(0)} MiB  ${what}`);
  return best;
}

/** Argo CD Applications of overlays, and a branch that gives some of them another image. */
function repository(apps: number, changed: readonly number[]): string {
  const root = path.join(scratch, `apps-${apps}`);
  const git = (...args: string[]): void =>
    void execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], { cwd: root, stdio: 'pipe' });
  for (let i = 0; i < apps; i++) for (const [file, text] of Object.entries(filesOf(`app-${i}`))) write(path.join(root, file), text);
  git('init', '-q', '-b', 'main');
  git('remote', 'add', 'origin', 'https://github.com/acme/fleet');
  git('add', '-A');
  git('commit', '-qm', 'apps');
  git('switch', '-qc', 'change');
  for (const i of changed) {
    const file = path.join(root, `workloads/app-${i}/base/deployment.yaml`);
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('1.0.0', '1.1.0'));
  }
  git('commit', '-qam', 'change');
  // as a clone has it
  git('gc', '-q');
  return root;
}

function write(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

function filesOf(name: string): Readonly<Record<string, string>> {
  return {
    [`bootstrap/${name}.yaml`]: `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: ${name}, namespace: argocd }
spec:
  project: default
  source: { repoURL: https://github.com/acme/fleet, path: workloads/${name}/prod, targetRevision: main }
  destination: { server: https://kubernetes.default.svc, namespace: ${name} }
  syncPolicy: { automated: { prune: true } }
`,
    [`workloads/${name}/base/kustomization.yaml`]: 'resources: [deployment.yaml, service.yaml]\n',
    [`workloads/${name}/base/deployment.yaml`]: `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: 2
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - name: main
          image: registry.example.com/${name}:1.0.0
          envFrom: [{ configMapRef: { name: settings } }]
`,
    [`workloads/${name}/base/service.yaml`]: `apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ port: 80, targetPort: 8080 }] }
`,
    [`workloads/${name}/prod/kustomization.yaml`]: `resources: [../base, namespace.yaml]
namespace: ${name}
configMapGenerator: [{ name: settings, literals: [level=info] }]
`,
    [`workloads/${name}/prod/namespace.yaml`]: `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`,
  };
}

/** @param directory one file a release */
async function boutique(directory: string): Promise<void> {
  const version = (file: string): number => file.match(/\d+/g)!.reduce((sum, part) => sum * 1000 + Number(part), 0);
  const files = fs
    .readdirSync(directory)
    .filter((file) => file.endsWith('.yaml'))
    .sort((a, b) => version(a) - version(b));
  const read = (file: string) =>
    prepare(
      { location: path.join(directory, file) },
      { clock: new RealClock(), stdin: process.stdin, cacheDirectory: scratch },
      { judge: 'server' },
    );
  const options = { home: scratch, name: 'diff', nodes: 0, port: 0, components: [], inMemory: true, onError: () => undefined };
  const served = await serveCluster(options);
  let alike = 0;
  for (const [i, after] of files.slice(1).entries()) {
    const before = files[i]!;
    const result = await preview(await read(before), await read(after), {
      namespace: 'default',
      nodes: 3,
      now: Date.UTC(2026, 0, 1),
      seed: 1,
      signal: new AbortController().signal,
    });
    const told = changesOf(result);
    const shown = await kubectlDiff(served.serving.kubeconfig, `pair-${i}`, path.join(directory, before), path.join(directory, after));
    const wrong = [
      ...told.filter((line) => !shown.includes(line)).map((line) => `preview: ${line}`),
      ...shown.filter((line) => !told.includes(line)).map((line) => `kubectl: ${line}`),
    ];
    if (wrong.length === 0) alike++;
    console.log(`${before} → ${after}: ${told.length} objects change${wrong.length ? `\n  ${wrong.join('\n  ')}` : ', as kubectl shows'}`);
  }
  await served.stop();
  console.log(`${alike} of ${files.length - 1} pairs change the same objects and fields`);
}
