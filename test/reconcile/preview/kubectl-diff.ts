// What `kubectl diff` says of two versions of manifests on a served cluster, beside what a preview says of them: which objects change, and
// which of their fields.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { isObject, type KubernetesObject } from '../../../src/apimachinery/object.ts';
import { fieldDifferences } from '../../../src/reconcile/plan/field-difference.ts';
import type { PreviewResult } from '../../../src/reconcile/preview/result.ts';

/** `~ Deployment web: spec.replicas`, in order. */
export type Changes = readonly string[];

const line = (sign: string, { kind, name }: { readonly kind: string; readonly name: string }, fields: readonly string[] = []): string =>
  [`${sign} ${kind} ${name}`, [...fields].sort().join(', ')].filter(Boolean).join(': ');

const SIGNS = { added: '+', modified: '~', deleted: '-' } as const;

export const changesOf = ({ changes }: PreviewResult): Changes =>
  changes
    .map((change) =>
      line(
        SIGNS[change.change],
        change,
        change.fields.map((field) => field.path),
      ),
    )
    .sort();

/** Applies the old version in a namespace of its own, and asks for the difference to the new one. */
export async function kubectlDiff(kubeconfig: string, namespace: string, before: string, after: string): Promise<Changes> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'kubectl-diff-'));
  const dump = path.join(directory, 'dump');
  fs.mkdirSync(dump);
  // kubectl gives it two directories, and takes them away afterwards
  fs.writeFileSync(path.join(directory, 'kubectl-diff-dump'), `#!/bin/sh\ncp -r "$1" '${dump}/live' && cp -r "$2" '${dump}/merged'\n`, {
    mode: 0o755,
  });
  const env = {
    ...process.env,
    KUBECONFIG: kubeconfig,
    KUBECTL_EXTERNAL_DIFF: 'kubectl-diff-dump',
    PATH: `${directory}:${process.env['PATH']}`,
  };
  const kubectl = (...args: string[]): Promise<void> =>
    new Promise((resolve, reject) => {
      execFile('kubectl', args, { env, maxBuffer: 1 << 28 }, (error) => {
        // of a diff: there is one
        if (error && !(args[0] === 'diff' && error.code === 1)) reject(error);
        else resolve();
      });
    });
  try {
    await kubectl('create', 'namespace', namespace);
    await kubectl('apply', '-n', namespace, '-f', before);
    await kubectl('diff', '-n', namespace, '-f', after);
    return [...differences(dump), ...gone(before, after)].sort();
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

function differences(dump: string): string[] {
  const read = (side: string, name: string): KubernetesObject | undefined => {
    const file = path.join(dump, side, name);
    const value: unknown = fs.existsSync(file) ? parse(fs.readFileSync(file, 'utf8')) : undefined;
    return isObject(value) ? (value as unknown as KubernetesObject) : undefined;
  };
  return fs.readdirSync(path.join(dump, 'merged')).flatMap((name) => {
    const [live, merged] = [read('live', name), read('merged', name)!];
    const id = { kind: merged.kind, name: merged.metadata.name };
    if (!live) return [line('+', id)];
    const fields = fieldDifferences(live, merged).map((field) => field.path);
    return fields.length ? [line('~', id, fields)] : [];
  });
}

/** kubectl says nothing of what is described no longer. */
function gone(before: string, after: string): string[] {
  const ids = (file: string): string[] =>
    parseAllDocuments(fs.readFileSync(file, 'utf8')).flatMap((document) => {
      const value: unknown = document.toJS();
      return isObject(value) ? [line('-', { kind: value['kind'] as string, name: (value['metadata'] as { name: string }).name })] : [];
    });
  const kept = new Set(ids(after));
  return ids(before).filter((id) => !kept.has(id));
}
