// The functions that Helm adds to sprig's for YAML, JSON and TOML. Those that read tell in what they give what is wrong with the text.
import { plainJson } from '../../../../apimachinery/go-template/plain-json.ts';
import { goJson, orElse, readJson } from '../../../../apimachinery/go-template/sprig/json.ts';
import { go, type TemplateFunctions } from '../../../../apimachinery/go-template/signature.ts';
import { FunctionError } from '../../../../apimachinery/go-template/template-error.ts';
import { isMap, isNil } from '../../../../apimachinery/go-template/values.ts';
import { readToml } from './read-toml.ts';
import { writeToml } from './write-toml.ts';
import { setKey } from '../../../../apimachinery/json/parse.ts';
import { isObject } from '../../../../apimachinery/object.ts';
import { splitYaml, type DocumentText } from '../../../../apimachinery/yaml/documents.ts';
import { readNodes } from '../../../../apimachinery/yaml/nodes.ts';
import { readPlain } from '../../../../apimachinery/yaml/plain.ts';
import { writeYaml } from '../../../../apimachinery/yaml/write.ts';

/** Of go-yaml. */
const FOLD_AT = 80;

export const YAML_FUNCTIONS: TemplateFunctions = {
  toYaml: go('(any) string', toYaml),
  mustToYaml: go('(any) string', mustToYaml),
  toYamlPretty: go('(any) string', (value: unknown) =>
    orElse(() => writeYaml(plainJson(value), { listIndent: 2, asFloats: true, keepTabs: true }).replace(/\n$/, ''), ''),
  ),
  fromYaml: go('(string) map[string]any', (text: string) =>
    asMap(() => readYamlText(text), 'error unmarshaling JSON: while decoding JSON: '),
  ),
  fromYamlArray: go('(string) []any', (text: string) => asList(() => readYamlText(text), 'error unmarshaling JSON: while decoding JSON: ')),
  fromToml: go('(string) map[string]any', (text: string) =>
    readOr(
      () => readToml(text),
      (why) => ({ Error: why }),
    ),
  ),
  toToml: go('(any) string', (value: unknown) =>
    readOr(
      () => writeToml(value),
      (why) => why,
    ),
  ),
  toJson: go('(any) string', (value: unknown) => orElse(() => goJson(value), '')),
  mustToJson: go('(any) string', (value: unknown) => goJson(value)),
  fromJson: go('(string) map[string]any', (text: string) => asMap(() => readJson(text), '')),
  fromJsonArray: go('(string) []any', (text: string) => asList(() => readJson(text), '')),
};

/** Without the line break at the end; nothing where a value cannot be written. */
export function toYaml(value: unknown): string {
  return orElse(() => mustToYaml(value), '');
}

function mustToYaml(value: unknown): string {
  return writeYaml(plainJson(value), { foldAt: FOLD_AT }).replace(/\n$/, '');
}

function readYamlText(text: string): unknown {
  // comments alone are no document
  const document = splitYaml(text, 2).find((each) => /^[ \t]*[^#\s]/m.test(each.text));
  if (!document) return null;
  const value = withFloats(documentValue(document));
  // go-yaml adds no line break to a block of text that ends without one
  const isCut = !text.endsWith('\n') && text.endsWith(document.text.slice(0, -1)) && !/\\n"\s*$/.test(text);
  return isCut ? withoutLastBreak(value) : value;
}

function documentValue(document: DocumentText): unknown {
  const plain = readPlain(document.text);
  if (plain) return plain.value;
  const result = readNodes(document.text);
  if (!result.faults) return result.value;
  if (result.lastWins) return result.lastWins.value;
  const fault = result.faults[0]!;
  const line = document.line + document.text.slice(0, fault.offset).split('\n').length - 1;
  throw new FunctionError(`error converting YAML to JSON: yaml: line ${line}: ${fault.message}`);
}

/** Of the text that stands last. */
function withoutLastBreak(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\n$/, '');
  if (Array.isArray(value)) return value.length === 0 ? value : [...value.slice(0, -1), withoutLastBreak(value.at(-1))];
  const last = isObject(value) ? Object.keys(value).at(-1) : undefined;
  if (last === undefined) return value;
  const object = value as Record<string, unknown>;
  setKey(object, last, withoutLastBreak(object[last]));
  return object;
}

/** All numbers are, as JSON has them. */
function withFloats(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(withFloats);
  if (!isObject(value)) return value;
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) setKey(out, key, withFloats(value[key]));
  return out;
}

function asMap(read: () => unknown, context: string): unknown {
  const value = readOr(read, (why) => ({ Error: why }));
  if (isMap(value)) return value;
  return isNil(value) ? {} : { Error: `${context}json: cannot unmarshal ${jsonType(value)} into Go value of type map[string]interface {}` };
}

function asList(read: () => unknown, context: string): unknown {
  const value = readOr(read, (why) => [why]);
  if (Array.isArray(value)) return value;
  return isNil(value) ? [] : [`${context}json: cannot unmarshal ${jsonType(value)} into Go value of type []interface {}`];
}

/** What is wrong is given instead. */
function readOr(read: () => unknown, wrong: (why: string) => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof FunctionError) return wrong(error.message);
    throw error;
  }
}

function jsonType(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'object') return Array.isArray(value) ? 'array' : 'object';
  return typeof value;
}
