// Kustomizations beside kubectl kustomize: the test's cases and every kustomization below the given directories, object for object and in
// the same order. With --update the cases' answers are written anew; with --speed N an overlay of N Deployments is timed as a process,
// with --peer beside kubectl, which takes minutes for 2000.
//
//   npm run bench:kustomize -- [--update] [--speed 2000 [--peer]] [--show] [DIRECTORY...]
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, isDeepStrictEqual } from 'node:util';
import { writeYaml } from '../src/apimachinery/yaml/write.ts';
import { RealClock } from '../src/apimachinery/clock.ts';
import { render } from '../src/reconcile/render/render.ts';
import { openSource } from '../src/reconcile/source/source.ts';
import { objectsIn, parseCase, withAnswer, writeCase } from '../test/reconcile/render/kustomize/case-file.ts';

const { values: options, positionals } = parseArgs({
  options: {
    update: { type: 'boolean' },
    show: { type: 'boolean' },
    speed: { type: 'string' },
    only: { type: 'string' },
    peer: { type: 'boolean' },
  },
  allowPositionals: true,
});

type Answer = { readonly expected: string } | { readonly refused: string };

function kubectl(directory: string): Answer {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', '--enable-helm', directory], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  return status === 0
    ? { expected: stdout }
    : {
        refused: stderr
          .split('\n')
          .filter((line) => !line.startsWith('#'))
          .join('\n')
          .slice(0, 2000),
      };
}

async function ours(
  location: string,
  directory: string,
): Promise<{ readonly objects: readonly unknown[]; readonly errors: readonly string[] }> {
  const deps = { clock: new RealClock(), stdin: process.stdin, cacheDirectory: os.tmpdir() };
  const snapshot = await openSource({ location, path: directory }, deps);
  try {
    const { manifests, errors } = await render(snapshot);
    return {
      objects: manifests.map(({ object }) => object),
      errors: errors.map(({ file, line, path: field, message }) => `${file}:${line}: ${field}: ${message}`),
    };
  } finally {
    await snapshot.close();
  }
}

let same = 0;
let different = 0;

async function compare(name: string, location: string, directory: string, answer: Answer): Promise<void> {
  const { objects, errors } = await ours(location, directory);
  const agrees =
    'refused' in answer ? errors.length > 0 : errors.length === 0 && isDeepStrictEqual(objects, await objectsIn(answer.expected));
  if (agrees) {
    same++;
    if (options.show && 'refused' in answer)
      console.log(`both refuse ${name}\n    kubectl: ${answer.refused.trim().slice(0, 300)}\n    jibe: ${errors[0]}`);
    return;
  }
  different++;
  console.log(`DIFFERENT ${name}`);
  if (errors.length) console.log(`  ${errors.join('\n  ')}`);
  if ('refused' in answer) return console.log(`  kubectl refuses: ${answer.refused}`);
  const [a, b] = [await objectsIn(answer.expected), objects].map((list, i) => {
    const file = path.join(os.tmpdir(), `jibe-kustomize-${process.pid}-${i ? 'jibe' : 'kubectl'}.yaml`);
    fs.writeFileSync(file, list.map((object) => writeYaml(object)).join('---\n'));
    return file;
  });
  console.log(spawnSync('diff', ['-U4', a!, b!], { encoding: 'utf8' }).stdout.split('\n').slice(0, 40).join('\n'));
}

const CASES = path.resolve('test/reconcile/render/kustomize/cases');
for (const name of fs.readdirSync(CASES).filter((file) => file.endsWith('.txtar') && file.includes(options.only ?? ''))) {
  const file = path.join(CASES, name);
  const text = fs.readFileSync(file, 'utf8');
  const given = parseCase(text);
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-kustomize-')));
  const directory = writeCase(given, root);
  const answer = kubectl(path.join(root, directory));
  const plain: Answer = 'refused' in answer ? { refused: answer.refused.replaceAll(root, 'ROOT') } : answer;
  if (options.update) fs.writeFileSync(file, withAnswer(text, plain));
  await compare(name, root, directory, answer);
  fs.rmSync(root, { recursive: true });
}

for (const location of positionals) {
  for (const file of fs.readdirSync(location, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!/^kustomization\.ya?ml$|^Kustomization$/.test(path.basename(file))) continue;
    const directory = path.dirname(file);
    await compare(path.join(location, directory), location, directory, kubectl(path.join(location, directory)));
  }
}
console.log(`${same} agree, ${different} differ`);

/** An overlay with prefix, namespace, labels, image, a JSON patch by target, and a generated ConfigMap that all refer to. */
function writeLarge(root: string, count: number): void {
  fs.mkdirSync(path.join(root, 'base'), { recursive: true });
  fs.mkdirSync(path.join(root, 'overlay'));
  const documents = Array.from({ length: count }, (_, i) => {
    const labels = { app: `app-${i}` };
    const container = {
      name: 'web',
      image: 'nginx:1.25',
      envFrom: [{ configMapRef: { name: 'settings' } }],
      ports: [{ containerPort: 8080 }],
    };
    const template = { metadata: { labels }, spec: { containers: [container] } };
    return [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: `app-${i}` },
        spec: { replicas: 1, selector: { matchLabels: labels }, template },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: `app-${i}` },
        spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
      },
    ];
  }).flat();
  fs.writeFileSync(path.join(root, 'base/all.yaml'), documents.map((document) => writeYaml(document)).join('---\n'));
  fs.writeFileSync(
    path.join(root, 'base/kustomization.yaml'),
    'resources: [all.yaml]\nconfigMapGenerator:\n- name: settings\n  literals: [a=b]\n',
  );
  fs.writeFileSync(
    path.join(root, 'overlay/kustomization.yaml'),
    `resources: [../base]
namePrefix: prod-
namespace: prod
labels: [{pairs: {team: a}, includeSelectors: true}]
images: [{name: nginx, newTag: "1.27"}]
patches:
- target: {kind: Deployment}
  patch: |
    - op: replace
      path: /spec/replicas
      value: 3
`,
  );
}

if (options.speed) {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-kustomize-')));
  writeLarge(root, Number(options.speed));
  const timed = (name: string, command: string, args: readonly string[]): void => {
    const start = process.hrtime.bigint();
    execFileSync(command, args, { maxBuffer: 1 << 30, stdio: ['ignore', 'ignore', 'inherit'] });
    console.log(`${name}: ${(Number(process.hrtime.bigint() - start) / 1e9).toFixed(2)} s`);
  };
  const bin = path.resolve('bin/jibe.js');
  timed('jibe render', process.execPath, [bin, 'render', root, '--path', 'overlay']);
  if (options.peer) timed('kubectl kustomize', 'kubectl', ['kustomize', path.join(root, 'overlay')]);
  fs.rmSync(root, { recursive: true });
}
