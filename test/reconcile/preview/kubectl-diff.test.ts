// The same objects and the same fields change in a preview as `kubectl diff` shows on a served cluster: releases of a real application.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveCluster, type ServedCluster } from '../../../src/cluster/served-cluster.ts';
import { previewFiles } from './cases.ts';
import { changesOf, kubectlDiff } from './kubectl-diff.ts';

const BOUTIQUE = path.resolve('fixtures/online-boutique');
const releases = fs.readdirSync(BOUTIQUE).sort();
const pairs = releases.slice(1).map((after, i) => ({ before: releases[i]!, after }));

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
const SETUP_TIMEOUT_MS = 300_000;

let served: ServedCluster;
let home: string;

beforeAll(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-'));
  served = await serveCluster({ home, name: 'diff', nodes: 0, port: 0, components: [], inMemory: true, onError: () => undefined });
}, SETUP_TIMEOUT_MS);

afterAll(async () => {
  await served.stop();
  fs.rmSync(home, { recursive: true, force: true });
});

test.each(pairs)('Online Boutique, $before to $after', { timeout: SETUP_TIMEOUT_MS }, async ({ before, after }) => {
  const file = (release: string): string => path.join(BOUTIQUE, release, 'kubernetes-manifests.yaml');
  const told = changesOf(await previewFiles({ before: file(before), after: file(after) }, {}));
  expect(told.length).toBeGreaterThan(10);
  if (!hasKubectl) return;
  expect(told).toEqual(await kubectlDiff(served.serving.kubeconfig, 'boutique', file(before), file(after)));
});
