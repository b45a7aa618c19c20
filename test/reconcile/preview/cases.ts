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

export async function previewOf(name: string, options: Partial<PreviewOptions> = {}): Promise<PreviewResult> {
  const file = (part: string): string => path.join(CASES, name, `${part}.yaml`);
  const has = (part: string): boolean => fs.existsSync(file(part));
  return preview(await read(file('before')), await read(file('after')), {
    namespace: 'default',
    nodes: 3,
    now: Date.UTC(2026, 0, 1),
    seed: 1,
    signal: new AbortController().signal,
    ...(has('world') ? { world: await read(file('world')) } : {}),
    ...(has('behaviour') ? { behaviour: parse(fs.readFileSync(file('behaviour'), 'utf8')) as BehaviourDocument } : {}),
    ...options,
  });
}

/** `Scaled/Up Deployment/shop/web` */
export const textOf = ({ type, reason, object: { kind, namespace, name } }: Consequence): string =>
  `${type}/${reason} ${[kind, namespace, name].filter(Boolean).join('/')}`;
