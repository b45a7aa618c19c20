// A case of rendering a chart: one text file with the files of the source, what `helm template` is called with, and at its end what that
// says. The chart lies in chart/; files of values that arguments name are seen from there.
import path from 'node:path';
import { NO_HELM_OPTIONS, type HelmOptions } from '../../../../src/reconcile/render/helm/chart-options.ts';
import { splitWritten } from '../../../../src/reconcile/render/helm/written-documents.ts';
import { ManifestDocument } from '../../../../src/reconcile/render/manifest-document.ts';
import type { Case } from '../kustomize/case-file.ts';

export const CHART = 'chart';
export const RELEASE = { name: 'rel', namespace: 'shop' };
export const KUBE_VERSION = 'v1.36.3';

/** One an argument, in a file of the case that is none of the source. */
export const argumentsOf = ({ files }: Case): readonly string[] => (files.args ?? '').split('\n').filter(Boolean);

/** How helm is called for the same. @param chart its directory */
export const helmArguments = (chart: string, given: readonly string[]): readonly string[] => [
  'template',
  RELEASE.name,
  chart,
  `--namespace=${RELEASE.namespace}`,
  `--kube-version=${KUBE_VERSION}`,
  '--include-crds',
  '--skip-tests',
  ...given.map((one) =>
    one.replace(/^(--values=|--set-file=\w+=)(.*)$/, (_, flag: string, file: string) => `${flag}${path.join(chart, file)}`),
  ),
];

export function optionsOf(given: readonly string[]): HelmOptions {
  const valuesOf = (flag: string): readonly string[] =>
    given.filter((one) => one.startsWith(`${flag}=`)).map((one) => one.slice(flag.length + 1));
  return {
    ...NO_HELM_OPTIONS,
    valueFiles: valuesOf('--values').map((file) => ({ file, said: '--values' })),
    set: (
      [
        ['--set', 'typed'],
        ['--set-string', 'string'],
        ['--set-json', 'json'],
      ] as const
    ).flatMap(([flag, kind]) => valuesOf(flag).map((line) => ({ kind, line, said: flag }))),
    setFiles: valuesOf('--set-file').map((line) => {
      const [name, file] = line.split('=', 2);
      return { name: name!, path: file!, said: '--set-file' };
    }),
    apiVersions: valuesOf('--api-versions'),
    kubeVersion: valuesOf('--kube-version')[0],
  };
}

/** The objects of helm's output, in its order. */
export async function objectsIn(text: string): Promise<readonly unknown[]> {
  const objects: unknown[] = [];
  for (const part of splitWritten(text)) {
    const document = await ManifestDocument.read(part.text, 'yaml', undefined, 'last wins');
    const fault = document.faults.find(({ tolerated, foreign }) => !tolerated && !foreign);
    if (fault) throw new Error(`helm printed what cannot be read: ${fault.message}`);
    objects.push(...document.entries.map(({ object }) => object));
  }
  return objects;
}
