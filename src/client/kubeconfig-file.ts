// Kubeconfig files that are written: one merged into another without losing what it says otherwise, its comments neither.
import fs from 'node:fs';
import path from 'node:path';
import { isMap, isSeq, parseDocument, type YAMLMap, YAMLSeq } from 'yaml';
import { KubeconfigError } from './kubeconfig.ts';
import { writePrivateFile } from './private-file.ts';

const LISTS = ['clusters', 'users', 'contexts'] as const;

/**
 * Adds the clusters, users and contexts of one file to another; what has the same name is replaced.
 * @param use makes its current context the other's
 */
export function mergeKubeconfig(into: string, from: string, { file, use }: { readonly file: string; readonly use: boolean }): string {
  const target = parseDocument(into.trim() === '' ? 'apiVersion: v1\nkind: Config\n' : into);
  const [fault] = target.errors;
  if (fault) throw new KubeconfigError(`${file}: ${fault.message.split('\n')[0]}`, 'mend the file first; it was left as it is', fault);
  if (!isMap(target.contents)) throw new KubeconfigError(`${file}: is no kubeconfig`, 'mend the file first; it was left as it is');
  const source = parseDocument(from);
  for (const list of LISTS) {
    const items = source.get(list);
    if (!isSeq(items)) continue;
    let there = target.get(list);
    if (!isSeq(there)) {
      there = new YAMLSeq();
      target.set(list, there);
    }
    for (const item of items.items) if (isMap(item)) put(there as YAMLSeq, item);
  }
  const had = target.get('current-context');
  if (use || had === undefined || had === null || had === '') target.set('current-context', source.get('current-context'));
  return target.toString();
}

function put(list: YAMLSeq, item: YAMLMap): void {
  const name = item.get('name');
  const at = list.items.findIndex((one) => isMap(one) && one.get('name') === name);
  if (at < 0) list.add(item);
  else list.items[at] = item;
}

export function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new KubeconfigError(`${file}: cannot be read (${code ?? 'unknown'})`, 'check the path and its permissions', error);
  }
}

/** Keys stand in it: nobody else may read it, and it is never half written. */
export function writePrivate(file: string, text: string): void {
  try {
    fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true, mode: 0o700 });
    // a link stays a link
    writePrivateFile(fs.existsSync(file) ? fs.realpathSync(file) : file, text);
  } catch (error) {
    throw new KubeconfigError(
      `${file}: cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      'choose another place',
      error,
    );
  }
}
