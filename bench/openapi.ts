// How much of the OpenAPI documents is as a real server's: compares path by path and schema by schema.
//
//   npm run bench:openapi -- [--data DIR] [--show N]
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { deepEqual, isObject, type JsonObject } from '../src/apimachinery/object.ts';
import { builtinDocument } from '../src/cluster/apiserver/http/openapi/builtin-documents.ts';

const { values: args } = parseArgs({
  options: { data: { type: 'string', default: '../shared/oracle/recorded' }, show: { type: 'string', default: '20' } },
});
const DIR = path.join(args.data, 'openapi-v3');
/** Descriptions of enums are ours: they name the values and do not explain them. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (key, v: unknown) =>
    key === 'description' && typeof v === 'string' ? v.replace(/\n+Possible enum values:[^]*$/, '') : v,
  ) as unknown;
const counts = { paths: [0, 0], schemas: [0, 0], documents: [0, 0] };
const differences: string[] = [];

function differ(got: unknown, wanted: unknown, at: string): void {
  if (deepEqual(got, wanted)) return;
  if (isObject(got) && isObject(wanted)) {
    for (const key of new Set([...Object.keys(got), ...Object.keys(wanted)])) differ(got[key], wanted[key], `${at} ${key}`);
    return;
  }
  differences.push(`${at}: ${JSON.stringify(got)?.slice(0, 300)} not ${JSON.stringify(wanted)?.slice(0, 300)}`);
}

function compare(what: 'paths' | 'schemas', got: JsonObject, wanted: JsonObject, at: string): void {
  for (const name of new Set([...Object.keys(got), ...Object.keys(wanted)])) {
    counts[what][1]!++;
    if (deepEqual(got[name], wanted[name])) counts[what][0]!++;
    else differ(got[name], wanted[name], `${at} ${name}`);
  }
}

for (const file of fs.readdirSync(DIR).sort()) {
  const name = file.replace(/\.json$/, '').replaceAll('_', '/');
  const wanted = plain(JSON.parse(fs.readFileSync(path.join(DIR, file), 'utf8'))) as JsonObject;
  const got = plain(builtinDocument(name) ?? {}) as JsonObject;
  counts.documents[1]!++;
  if (deepEqual(got, wanted)) counts.documents[0]!++;
  compare('paths', (got['paths'] ?? {}) as JsonObject, (wanted['paths'] ?? {}) as JsonObject, name);
  const schemas = (document: JsonObject): JsonObject =>
    ((document['components'] as JsonObject | undefined)?.['schemas'] ?? {}) as JsonObject;
  compare('schemas', schemas(got), schemas(wanted), name);
}
for (const [what, [equal, all]] of Object.entries(counts)) console.log(`${what}: ${equal} of ${all} equal`);
for (const line of [...new Set(differences)].slice(0, Number(args.show))) console.log(line);
if (Object.values(counts).some(([equal, all]) => equal !== all)) process.exitCode = 1;
