// YAML as Kubernetes reads and writes it: version 1.1's booleans and octals, no timestamps, no sexagesimals, duplicate keys found.
import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import { setKey } from './json/parse.ts';

// most requests never meet YAML, so it is loaded when the first one does
const require = createRequire(import.meta.url);
let library: typeof Yaml | undefined;
const yaml = (): typeof Yaml => (library ??= require('yaml') as typeof Yaml);

export interface ParsedYaml {
  readonly value: unknown;
  /** `line 4: key "x" already set in map`, in order. */
  readonly duplicates: readonly string[];
  /** What is wrong with the text, in go-yaml's words where they are known. */
  readonly error: string | undefined;
}

/** How often aliases may be followed in all, per node of the text: a bomb is refused. */
const MAX_ALIAS_COUNT = 100;

/** Options that make the library read what Kubernetes reads. */
export function kubernetesSchema(): Yaml.ParseOptions & Yaml.DocumentOptions & Yaml.SchemaOptions {
  return {
    version: '1.1',
    schema: 'yaml-1.1',
    merge: true,
    intAsBigInt: true,
    uniqueKeys: false,
    customTags: (tags) =>
      tags.filter(
        (t) =>
          typeof t === 'string' ||
          (!/timestamp|^tag:yaml.org,2002:(?:set|omap|pairs)$/.test(t.tag) && !('format' in t && t.format === 'TIME')),
      ),
  };
}

/** The first document of a text. Empty text is null. */
export function parseYaml(text: string): ParsedYaml {
  const lines = new (yaml().LineCounter)();
  const [document] = yaml().parseAllDocuments(text, { ...kubernetesSchema(), lineCounter: lines }) as Yaml.Document.Parsed[];
  if (!document) return { value: null, duplicates: [], error: undefined };
  const [error] = document.errors;
  if (error) return { value: undefined, duplicates: [], error: goYamlError(error, lines) };
  const duplicates: string[] = [];
  yaml().visit(document, {
    Map(_, node) {
      const seen = new Set<unknown>();
      for (const { key } of node.items) {
        if (!yaml().isScalar(key)) continue;
        if (seen.has(key.value))
          duplicates.push(`line ${lines.linePos(key.range?.[0] ?? 0).line}: key ${JSON.stringify(String(key.value))} already set in map`);
        seen.add(key.value);
      }
    },
  });
  try {
    return { value: plain(document.toJS({ maxAliasCount: MAX_ALIAS_COUNT, mapAsMap: true })), duplicates, error: undefined };
  } catch (failure) {
    // the library's guard against alias bombs
    if (failure instanceof ReferenceError) return { value: undefined, duplicates, error: 'yaml: document contains excessive aliasing' };
    throw failure;
  }
}

/** Keys are strings in JSON; integers are numbers where they fit. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) {
    const out: Record<string, unknown> = {};
    for (const [k, v] of value) setKey(out, keyText(k), plain(v));
    return out;
  }
  return value;
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  if (key === null) return 'null';
  return String(key);
}

function goYamlError(error: Yaml.YAMLParseError | Yaml.YAMLWarning, lines: Yaml.LineCounter): string {
  const { line } = lines.linePos(error.pos[0]);
  const where = line > 1 ? `line ${line}: ` : '';
  switch (error.code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return `yaml: ${where}mapping values are not allowed in this context`;
    case 'TAB_AS_INDENT':
      return `yaml: ${where}found character that cannot start any token`;
    default:
      return `yaml: ${where}${error.message.split('\n')[0]}`;
  }
}
