// What a person says on the command line of a source that is a chart.
import fs from 'node:fs';
import { Flags } from '@oclif/core';
import type { HelmOptions } from '../../reconcile/render/helm/chart-options.ts';
import { CannotDo } from './failure.ts';

const set = (summary: string, helpValue: string) =>
  Flags.string({ summary, helpValue, multiple: true, multipleNonGreedy: true, helpGroup: 'CHART' });

/** Of a source that is a Helm chart. */
export const chartFlags = {
  values: set('Values of the chart: a file of the source (from the chart, or from the root), or of this machine.', 'FILE'),
  set: set('Single values: `a.b=1,list[0]=x`. Numbers, true, false and null have their types.', 'NAME=VALUE'),
  'set-string': set('Single values that are text.', 'NAME=VALUE'),
  'set-json': set('Single values in JSON.', 'NAME=JSON'),
  'kube-version': Flags.string({
    summary: 'The Kubernetes that the chart is told of; by default that of the cluster.',
    helpValue: 'VERSION',
    helpGroup: 'CHART',
  }),
  'api-versions': set('APIs that the chart is told of, beside those of the cluster: `example.com/v1`, `example.com/v1/Thing`.', 'VERSION'),
  'release-name': Flags.string({
    summary: 'What the release is called; by default after the source.',
    helpValue: 'NAME',
    helpGroup: 'CHART',
  }),
};

export interface ChartFlags {
  readonly values?: readonly string[] | undefined;
  readonly set?: readonly string[] | undefined;
  readonly 'set-string'?: readonly string[] | undefined;
  readonly 'set-json'?: readonly string[] | undefined;
  readonly 'kube-version'?: string | undefined;
  readonly 'api-versions'?: readonly string[] | undefined;
  readonly 'release-name'?: string | undefined;
}

/** Undefined where nothing is said. */
export async function chartOptions(flags: ChartFlags): Promise<HelmOptions | undefined> {
  if (Object.keys(chartFlags).every((flag) => flags[flag as keyof ChartFlags] === undefined)) return undefined;
  const { values = [], set: typed = [], 'set-string': strings = [], 'set-json': json = [], 'api-versions': apiVersions = [] } = flags;
  const { NO_HELM_OPTIONS } = await import('../../reconcile/render/helm/chart-options.ts');
  return {
    ...NO_HELM_OPTIONS,
    releaseName: flags['release-name'],
    kubeVersion: flags['kube-version'],
    apiVersions,
    valueFiles: values.map((file) => ({ file, said: '--values', byPerson: { local: localFile(file) } })),
    set: [
      ...json.map((line) => ({ kind: 'json', line, said: '--set-json' }) as const),
      ...typed.map((line) => ({ kind: 'typed', line, said: '--set' }) as const),
      ...strings.map((line) => ({ kind: 'string', line, said: '--set-string' }) as const),
    ],
  };
}

const MAX_BYTES = 5 * 1024 * 1024;

/** Undefined where this machine has no such file: the source may have it. */
function localFile(file: string): { readonly path: string; readonly bytes: Uint8Array } | undefined {
  try {
    if (fs.statSync(file).size > MAX_BYTES) throw new CannotDo(`--values ${file}: the file is too large`);
    return { path: file, bytes: fs.readFileSync(file) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === undefined) throw error;
    throw new CannotDo(`--values ${file} cannot be read (${code})`, undefined, error);
  }
}
