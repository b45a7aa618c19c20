// Whether nothing differs after a sync although others are at work: an autoscaler for every Deployment, a mutating webhook and policy, a
// robot that labels. Each directory of a corpus with manifests is synced, disturbed for five minutes of virtual time, and compared.
// `npm run bench:noise -- [--data DIR] [--verbose]`
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { RealClock } from '../src/apimachinery/clock.ts';
import { diff } from '../src/reconcile/difference.ts';
import { prepare } from '../src/reconcile/prepare.ts';
import { sync } from '../src/reconcile/sync.ts';
import { noisyCluster } from '../test/reconcile/noisy-cluster.ts';

const { values } = parseArgs({
  options: { data: { type: 'string', default: '../shared/corpus' }, verbose: { type: 'boolean', default: false } },
});

/** Directories with manifests of their own, and kustomizations. */
const directories = [
  ...new Set(
    fs
      .readdirSync(values.data, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.ya?ml$/.test(file))
      .map((file) => path.dirname(file)),
  ),
].sort();

const count = { quiet: 0, noisy: 0, refused: 0 };
for (const directory of directories) {
  const prepared = await prepare(
    { location: path.join(values.data, directory) },
    { clock: new RealClock(), stdin: process.stdin, cacheDirectory: '.cache' },
    { judge: 'server' },
  );
  if (prepared.manifests.length === 0) continue;
  const noisy = await noisyCluster();
  try {
    const options = { app: 'app', namespace: 'default', prune: 'safe', timeoutMs: 900_000, signal: new AbortController().signal } as const;
    const synced = await noisy.run(() => sync(noisy.engine, prepared, { ...options, partial: true }));
    const there = synced.resources.filter(({ action, hook }) => !hook && (action === 'created' || action === 'configured'));
    await noisy.disturb(there);
    const { differences } = await noisy.run(() => diff(noisy.engine, prepared, options));
    // what could not be applied is missing still, and says so
    const applied = new Set(there.map(({ kind, namespace, name }) => `${kind}/${namespace}/${name}`));
    const noise = differences.filter(({ kind, namespace, name }) => applied.has(`${kind}/${namespace}/${name}`));
    if (there.length === 0) count.refused++;
    else if (noise.length === 0) count.quiet++;
    else {
      count.noisy++;
      for (const { kind, namespace, name, change, fields } of noise)
        console.log(`${directory}: ${kind} ${namespace}/${name} ${change} ${fields.map(({ path: field }) => field).join(', ')}`);
    }
    if (values.verbose) console.log(`${directory}: ${there.length} applied, ${noise.length} differ`);
  } finally {
    await noisy.stop();
  }
}
console.log(`${count.quiet} directories without a difference, ${count.noisy} with; of ${count.refused} nothing can be applied`);
