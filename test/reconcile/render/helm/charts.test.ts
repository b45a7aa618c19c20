// Charts against what `helm template` (v3.19) makes of them: cases/NAME.txtar holds the files and Helm's answer (written by
// `npm run bench:helm -- --update`), NAME.told.txt the origins and errors of ours (vitest -u writes them). Where there is a helm to be
// run, its answer is compared with the one that is written down.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ManifestCache } from '../../../../src/reconcile/render/manifest-cache.ts';
import { renderChart } from '../../../../src/reconcile/render/helm/render-chart.ts';
import { opened, scratch } from '../../source/scratch.ts';
import { parseCase, writeCase } from '../kustomize/case-file.ts';
import { told } from '../told.ts';
import { argumentsOf, CHART, helmArguments, KUBE_VERSION, objectsIn, optionsOf, RELEASE } from './helm-case.ts';

const CASES = new URL('cases/', import.meta.url);
const version = spawnSync('helm', ['version', '--short'], { encoding: 'utf8' });
const hasHelm = version.status === 0 && version.stdout.startsWith('v3.19.');

test.each(fs.readdirSync(CASES).filter((name) => name.endsWith('.txtar')))('%s', async (name) => {
  const given = parseCase(fs.readFileSync(new URL(name, CASES), 'utf8'));
  const location = scratch();
  writeCase(given, location);
  const use = {
    options: optionsOf(argumentsOf(given)),
    ...RELEASE,
    cluster: async () => ({ kubeVersion: KUBE_VERSION, apiVersions: ['v1', 'apps/v1'] }),
  };
  const rendered = await opened({ location, path: CHART }, ({ tree }) =>
    renderChart({ tree: tree!, path: [tree!.prefix, CHART].filter(Boolean).join('/'), ...use }, new ManifestCache()),
  );
  if (given.expected === undefined) expect(rendered.errors).not.toEqual([]);
  else {
    expect(rendered.errors).toEqual([]);
    expect(rendered.manifests.map(({ object }) => object)).toEqual(await objectsIn(given.expected));
  }
  await expect(told(rendered)).toMatchFileSnapshot(new URL(name.replace('.txtar', '.told.txt'), CASES).pathname);
  if (!hasHelm || given.comment.includes('Helm itself')) return;
  const helm = spawnSync('helm', [...helmArguments(path.join(location, CHART), argumentsOf(given))], { encoding: 'utf8' });
  expect(helm.status === 0 ? helm.stdout : undefined).toBe(given.expected);
});
