// A case of rendering a kustomization: one text file with the files of the source and, at its end, what `kubectl kustomize` says of it.
import fs from 'node:fs';
import path from 'node:path';
import { splitYaml } from '../../../../src/apimachinery/yaml/documents.ts';
import { readYaml } from '../../../../src/apimachinery/yaml/read.ts';

export interface Case {
  /** What is shown; the text before the first file. */
  readonly comment: string;
  readonly files: Readonly<Record<string, string>>;
  /** What kubectl printed; undefined where it refused. */
  readonly expected: string | undefined;
  /** Why kubectl refused. */
  readonly refused: string | undefined;
}

const EXPECTED = 'expected';
const REFUSED = 'refused';

export function parseCase(text: string): Case {
  const [comment = '', ...parts] = text.split(/^-- (.+) --\n/m);
  const files: Record<string, string> = {};
  for (let i = 0; i < parts.length; i += 2) files[parts[i]!] = parts[i + 1] ?? '';
  const { [EXPECTED]: expected, [REFUSED]: refused, ...sources } = files;
  return { comment, files: sources, expected, refused };
}

/** @param answer what kubectl says now */
export function withAnswer(text: string, answer: { readonly expected: string } | { readonly refused: string }): string {
  const sources = text.replace(/^-- (?:expected|refused) --\n[\s\S]*$/m, '');
  return 'expected' in answer ? `${sources}-- ${EXPECTED} --\n${answer.expected}` : `${sources}-- ${REFUSED} --\n${answer.refused}`;
}

/** Writes the files of a case. `a -> b` in place of a text makes a link. @returns the directory that is built, inside of `root` */
export function writeCase({ files }: Case, root: string): string {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const link = /^-> (.+)\n$/.exec(content)?.[1];
    if (link) fs.symlinkSync(link, file);
    else if (content.startsWith('base64:')) fs.writeFileSync(file, Buffer.from(content.slice(7), 'base64'));
    else fs.writeFileSync(file, content);
  }
  return ['overlay', 'base', '.'].find((directory) => fs.existsSync(path.join(root, directory, 'kustomization.yaml'))) ?? '.';
}

/** The objects of kubectl's output, in its order. */
export async function objectsIn(text: string): Promise<readonly unknown[]> {
  const objects: unknown[] = [];
  for (const part of splitYaml(text)) {
    const result = await readYaml(part.text);
    if (result.faults) throw new Error(result.faults[0]!.message);
    if (result.value !== null) objects.push(result.value);
  }
  return objects;
}
