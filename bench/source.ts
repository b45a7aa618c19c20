// How long it takes to open, read and validate large sources: 8,000 documents in one file of 5 MB, and a repository of 5,000 files.
// Prints one line for each step, in milliseconds, with the heap's size after it.
//
//   npx esbuild bench/source.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/bench/source.mjs
//   node dist/bench/source.mjs
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { RealClock } from '../src/apimachinery/clock.ts';
import { ManifestCache } from '../src/reconcile/render/manifest-cache.ts';
import type { Manifests } from '../src/reconcile/render/manifests.ts';
import { render } from '../src/reconcile/render/render.ts';
import { openSource, type SourceSpec } from '../src/reconcile/source/source.ts';
import type { Snapshot } from '../src/reconcile/source/snapshot.ts';
import { ManifestValidator } from '../src/reconcile/validate/validate.ts';

const DOCUMENTS = 8_000;
const FILES = 5_000;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-bench-'));

const deployment = (i: number): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-${i}
  namespace: team-${i % 50}
  labels:
    app.kubernetes.io/name: web-${i}
    app.kubernetes.io/part-of: "shop"
  annotations:
    example.com/description: serves the shop number ${i} to its customers
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: web-${i}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: web-${i}
    spec:
      containers:
        - name: web
          image: registry.example.com/shop/web:v1.${i}
          args: ["--port", "8080", --verbose]
          ports:
            - containerPort: 8080
              name: http
          env:
            - name: LEVEL
              value: "1"
            - name: TOKEN
              valueFrom:
                secretKeyRef:
                  name: web-${i}
                  key: token
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits:
              memory: 256Mi
          readinessProbe:
            httpGet:
              path: /healthz
              port: http
          volumeMounts:
            - name: config
              mountPath: /etc/web
      volumes:
        - name: config
          configMap:
            name: web-${i}
`;

const configMap = (i: number): string => `apiVersion: v1
kind: ConfigMap
metadata:
  name: web-${i}
  namespace: team-${i % 50}
data:
  web.properties: |
    listen=8080
    upstream=http://backend-${i}
    some.longer.property.name=some longer value
  greeting: 'it''s number ${i}'
`;

function largeFile(): string {
  const file = path.join(scratch, 'large.yaml');
  fs.writeFileSync(file, Array.from({ length: DOCUMENTS }, (_, i) => (i % 2 ? configMap(i) : deployment(i))).join('---\n'));
  return file;
}

function largeRepository(): string {
  const directory = path.join(scratch, 'repository');
  for (let i = 0; i < FILES; i++) {
    const folder = path.join(directory, 'apps', `team-${i % 100}`);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, `web-${i}.yaml`), i % 2 ? configMap(i) : deployment(i));
  }
  const git = (...args: readonly string[]): void =>
    void execFileSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com', ...args], { cwd: directory, stdio: 'ignore' });
  git('init', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--message', 'first');
  fs.appendFileSync(path.join(directory, 'apps/team-7/web-7.yaml'), '  more: "1"\n');
  git('commit', '--all', '--message', 'second');
  git('gc');
  return directory;
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  const ms = performance.now() - start;
  console.log(`${ms.toFixed(0).padStart(6)} ms  ${String(Math.round(process.memoryUsage().heapUsed / 2 ** 20)).padStart(5)} MiB  ${what}`);
  return result;
}

const open = (spec: SourceSpec): Promise<Snapshot> =>
  openSource(spec, { clock: new RealClock(), stdin: process.stdin, cacheDirectory: path.join(scratch, 'cache') });

async function measure(name: string, spec: SourceSpec): Promise<void> {
  console.log(name);
  const cache = new ManifestCache();
  const snapshot = await timed('open', () => open(spec));
  const load = (): Promise<Manifests> => render(snapshot, { cache });
  const { manifests } = await timed('load', load);
  await timed(`load again, from the cache (${manifests.length} objects)`, load);
  const validator = new ManifestValidator();
  await timed('validate', () => validator.validate(manifests));
  await timed('validate again', () => validator.validate(manifests));
  await timed('has it changed?', () => snapshot.changed());
  await snapshot.close();
}

try {
  const file = largeFile();
  await measure(`one file: ${DOCUMENTS} documents, ${(fs.statSync(file).size / 1e6).toFixed(1)} MB`, { location: file });
  const repository = largeRepository();
  await measure(`a directory in a work tree: ${FILES} files`, { location: repository });
  await measure(`the same at a revision`, { location: repository, ref: 'HEAD' });
  await measure(`a part of it at another`, { location: repository, ref: 'HEAD~1', path: 'apps/team-7' });
} finally {
  fs.rmSync(scratch, { recursive: true });
}
