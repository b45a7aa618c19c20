// One document of text to its value as Kubernetes understands it, by the fastest reader that is sure of it.
import { JsonSyntaxError, NumberLiteral, parseJson, plainValue } from '../json/parse.ts';
import type { YamlResult } from './nodes.ts';
import { MAX_DEPTH, MAX_TOKENS } from './limits.ts';
import { readPlain } from './plain.ts';
import { resolvePlain, type Resolve } from './scalar.ts';
import type { YamlFault } from './tree.ts';

/** Reads one YAML document, as {@link splitYaml} gives it. Never throws for bad input. @param resolve what plain text means */
export async function readYaml(text: string, resolve: Resolve = resolvePlain): Promise<YamlResult> {
  const dense = tooDense(text);
  if (dense) return { faults: [dense] };
  const plain = readPlain(text, resolve);
  if (plain) return plain;
  const { readNodes } = await import('./nodes.ts');
  return readNodes(text, resolve);
}

/**
 * Reads one JSON value, as {@link splitJson} gives it. What is not JSON is read as YAML, as kubectl does: `{a: b}` is valid, and the
 * faults have places. So is JSON that is nested too deeply or has keys given twice.
 */
export async function readJson(text: string): Promise<YamlResult> {
  const dense = tooDense(text);
  if (dense) return { faults: [dense] };
  try {
    const { value, duplicates } = parseJson(text);
    if (duplicates.size === 0 && !isDeeper(value, MAX_DEPTH)) return { value: plainValue(value) };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
  }
  const { readNodes } = await import('./nodes.ts');
  return readNodes(text);
}

/** A value costs up to a hundred times what it takes in the text: so many of them no object has. */
function tooDense(text: string): YamlFault | undefined {
  if (text.length < MAX_TOKENS) return undefined;
  let signs = 0;
  for (let at = 0; at < text.length; at++) {
    if (SIGNS.has(text.charCodeAt(at)) && ++signs > MAX_TOKENS)
      return {
        offset: at,
        message: `the document has more than ${MAX_TOKENS} lines, fields and items`,
        hint: 'split it into several documents',
        path: [],
      };
  }
  return undefined;
}

/** Line breaks, commas, colons, brackets and braces. */
const SIGNS: ReadonlySet<number> = new Set([10, 44, 58, 91, 123]);

const isDeeper = (value: unknown, depth: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !(value instanceof NumberLiteral) &&
  (depth < 0 || Object.values(value).some((inner) => isDeeper(inner, depth - 1)));
