// The cases of previews: where they are, and how one is previewed.
import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { RealClock } from '../../../src/apimachinery/clock.ts';
import type { BehaviourDocument } from '../../../src/cluster/cluster.ts';
import type { Consequence } from '../../../src/reconcile/preview/consequence.ts';
import { preview, type PreviewOptions } from '../../../src/reconcile/preview/preview.ts';
import type { PreviewResult } from '../../../src/reconcile/preview/result.ts';
import { prepare, type Prepared } from '../../../src/reconcile/prepare.ts';

export const CASES = path.resolve('test/reconcile/preview/cases');

export const caseNames = (): string[] => fs.readdirSync(CASES).sort();

const read = (location: string): Promise<Prepared> =>
  prepare({ location }, { clock: new RealClock(), stdin: process.stdin, cacheDirectory: path.join(CASES, '.cache') }, { judge: 'server' });

export function previewOf(name: string, options: Partial<PreviewOptions> = {}): Promise<PreviewResult> {
  const file = (part: string): string => path.join(CASES, name, `${part}.yaml`);
  const has = (part: string): boolean => fs.existsSync(file(part));
  const behaviour = has('behaviour') ? { behaviour: parse(fs.readFileSync(file('behaviour'), 'utf8')) as BehaviourDocument } : {};
  const world = has('world') ? { world: file('world') } : {};
  return previewFiles({ before: file('before'), after: file('after'), ...world }, { ...behaviour, ...options });
}

export async function previewFiles(
  { before, after, world }: { readonly before: string; readonly after: string; readonly world?: string },
  options: Partial<PreviewOptions>,
): Promise<PreviewResult> {
  return preview(await read(before), await read(after), {
    namespace: 'default',
    nodes: 3,
    now: Date.UTC(2026, 0, 1),
    seed: 1,
    signal: new AbortController().signal,
    ...(world ? { world: await read(world) } : {}),
    ...options,
  });
}

/** `Scaled/Up Deployment/shop/web` */
export const textOf = ({ type, reason, object: { kind, namespace, name } }: Consequence): string =>
  `${type}/${reason} ${[kind, namespace, name].filter(Boolean).join('/')}`.replace(/pvc-[0-9a-f-]{36}/, 'pvc-<uid>');
