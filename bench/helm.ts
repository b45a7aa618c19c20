// Charts beside helm template (v3.19): the test's cases and every chart below the given directories, object for object and in the same
// order. With --update the cases' answers are written anew. Charts whose dependencies are not vendored are left to both to refuse.
//
//   npm run bench:helm -- [--update] [--show] [DIRECTORY...]
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { RealClock } from '../src/apimachinery/clock.ts';
import { writeYaml } from '../src/apimachinery/yaml/write.ts';
import { ManifestCache } from '../src/reconcile/render/manifest-cache.ts';
import { renderChart } from '../src/reconcile/render/helm/render-chart.ts';
import { openSource } from '../src/reconcile/source/source.ts';
import { argumentsOf, CHART, helmArguments, KUBE_VERSION, objectsIn, optionsOf, RELEASE } from '../test/reconcile/render/helm/helm-case.ts';
import { parseCase, withAnswer, writeCase } from '../test/reconcile/render/kustomize/case-file.ts';

const { values: options, positionals } = parseArgs({
  options: { update: { type: 'boolean' }, show: { type: 'boolean' }, only: { type: 'string' } },
  allowPositionals: true,
});

type Answer = { readonly expected: string } | { readonly refused: string };

function helm(chart: string, given: readonly string[]): Answer {
  const { status, stdout, stderr, error } = spawnSync('helm', [...helmArguments(chart, given)], { encoding: 'utf8', maxBuffer: 1 << 30 });
  if (error) throw error;
  return status === 0 ? { expected: stdout } : { refused: stderr.slice(0, 2000) };
}

/** What Helm knows where it asks no cluster: a chart that lists it. */
function helmsApiVersions(): readonly string[] {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-helm-'));
  fs.mkdirSync(path.join(root, 'templates'));
  fs.writeFileSync(path.join(root, 'Chart.yaml'), 'apiVersion: v2\nname: x\nversion: 0.1.0\n');
  fs.writeFileSync(path.join(root, 'templates/x.yaml'), 'versions: [{{ join "," .Capabilities.APIVersions }}]\n');
  const { stdout } = spawnSync('helm', ['template', root], { encoding: 'utf8' });
  fs.rmSync(root, { recursive: true });
  return /\[(.*)\]/.exec(stdout)?.[1]?.split(',') ?? [];
}

const apiVersions = helmsApiVersions();
let [same, refused, different] = [0, 0, 0];

/** @param chart where it lies in the location; empty where that is the chart */
async function compare(name: string, location: string, chart: string, given: readonly string[], answer: Answer): Promise<void> {
  const deps = { clock: new RealClock(), stdin: process.stdin, cacheDirectory: os.tmpdir() };
  const snapshot = await openSource({ location, path: chart }, deps);
  const tree = snapshot.tree!;
  const started = performance.now();
  const use = { options: optionsOf(given), ...RELEASE, cluster: async () => ({ kubeVersion: KUBE_VERSION, apiVersions }) };
  const { manifests, errors } = await renderChart(
    { tree, path: [tree.prefix, chart].filter(Boolean).join('/'), ...use },
    new ManifestCache('leave encrypted'),
  );
  const ms = Math.round(performance.now() - started);
  await snapshot.close();
  const objects = manifests.map(({ object }) => object);
  const why = errors.map(({ file, line, path: field, message }) => `${file}:${line}: ${field ? `${field}: ` : ''}${message}`);
  if ('refused' in answer && errors.length) {
    refused++;
    if (options.show) console.log(`both refuse ${name}\n    helm: ${answer.refused.trim().slice(0, 300)}\n    jibe: ${why[0]}`);
    return;
  }
  const theirs = 'refused' in answer ? undefined : await objectsIn(answer.expected);
  if (errors.length === 0 && isDeepStrictEqual(objects, theirs)) {
    same++;
    if (options.show) console.log(`same ${name}: ${objects.length} objects, ${ms} ms`);
    return;
  }
  different++;
  console.log(`DIFFERENT ${name}`);
  if ('refused' in answer) return console.log(`  helm refuses: ${answer.refused}`);
  if (errors.length) return console.log(`  ${why.slice(0, 5).join('\n  ')}`);
  const [a, b] = [theirs!, objects].map((list, i) => {
    const file = path.join(os.tmpdir(), `jibe-helm-${process.pid}-${i ? 'jibe' : 'helm'}.yaml`);
    fs.writeFileSync(file, list.map((object) => writeYaml(object)).join('---\n'));
    return file;
  });
  console.log(spawnSync('diff', ['-U4', a!, b!], { encoding: 'utf8' }).stdout.split('\n').slice(0, 40).join('\n'));
}

const CASES = path.resolve('test/reconcile/render/helm/cases');
for (const name of fs.readdirSync(CASES).filter((file) => file.endsWith('.txtar') && file.includes(options.only ?? ''))) {
  const file = path.join(CASES, name);
  const text = fs.readFileSync(file, 'utf8');
  const given = parseCase(text);
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-helm-')));
  writeCase(given, root);
  const chart = path.join(root, CHART);
  // what Helm itself leaves to `helm dependency build`
  if (given.comment.includes('Helm itself')) spawnSync('helm', ['dependency', 'build', chart], { encoding: 'utf8' });
  const answer = helm(chart, argumentsOf(given));
  const plain: Answer = 'refused' in answer ? { refused: answer.refused.replaceAll(root, 'ROOT') } : answer;
  if (options.update) fs.writeFileSync(file, withAnswer(text, plain));
  await compare(name, root, CHART, argumentsOf(given), answer);
  fs.rmSync(root, { recursive: true });
}

for (const location of positionals)
  for (const file of fs.readdirSync(location, { recursive: true, encoding: 'utf8' }).sort()) {
    if (path.basename(file) !== 'Chart.yaml' || /(?:^|\/)(?:charts\/[^/]+|templates)\/.*charts\//.test(file)) continue;
    const chart = path.join(location, path.dirname(file));
    await compare(chart, chart, '', [], helm(chart, []));
  }
console.log(`${same} agree, ${refused} are refused by both, ${different} differ`);
