// YAML bodies: what the reader says, in the words of the libraries that Kubernetes uses.
import { splitYaml } from '../../../apimachinery/yaml/documents.ts';
import { readYaml } from '../../../apimachinery/yaml/read.ts';
import type { YamlFault } from '../../../apimachinery/yaml/tree.ts';

export interface YamlBody {
  readonly value: unknown;
  /** `line 4: key "x" already set in map`: of those the last one counts. */
  readonly duplicates: readonly string[];
  /** The text is no YAML. */
  readonly error?: string;
}

/** Reads the first document; the others are passed over. */
export async function readYamlBody(text: string): Promise<YamlBody> {
  const [document] = splitYaml(text, 1);
  if (!document) return { value: null, duplicates: [] };
  const result = await readYaml(document.text);
  if (!result.faults) return { value: result.value, duplicates: [] };
  if (!result.lastWins) return { value: undefined, duplicates: [], error: goText(result.faults[0]!, document.text) };
  const duplicates = result.faults.map(
    (f) => `line ${lineOf(document.text, f.offset)}: key ${JSON.stringify(f.path.at(-1))} already set in map`,
  );
  return { value: result.lastWins.value, duplicates };
}

const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

function goText({ message, offset }: YamlFault, text: string): string {
  const line = lineOf(text, offset);
  const where = line > 1 ? `line ${line}: ` : '';
  if (/tab/.test(message)) return `yaml: ${where}found character that cannot start any token`;
  if (/mapping|implicit key/i.test(message)) return `yaml: ${where}mapping values are not allowed in this context`;
  return `yaml: ${where}${message}`;
}
