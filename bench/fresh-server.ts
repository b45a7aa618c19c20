// Whether a fresh server holds and tells what a real one does: its bootstrap objects, and discovery.
//
//   npm run bench:fresh-server -- [--data DIR] [--show N]
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { deepEqual, isObject, type JsonObject } from '../src/apimachinery/object.ts';
import { inProcess } from './conformance-servers.ts';

const { values: args } = parseArgs({
  options: { data: { type: 'string', default: '../shared/oracle/recorded' }, show: { type: 'string', default: '20' } },
});
const data = path.resolve(args.data);
const { normalise, stable } = (await import(pathToFileURL(path.join(data, 'server.mjs')).href)) as {
  normalise(value: unknown): unknown;
  stable(value: unknown): unknown;
};
const read = (file: string): JsonObject => JSON.parse(fs.readFileSync(path.join(data, file), 'utf8')) as JsonObject;
const { request } = inProcess(['NodeRestriction']);
const send = request as (method: string, url: string, body?: unknown, headers?: object) => Promise<{ readonly body: JsonObject }>;
const differences: string[] = [];

function differ(got: unknown, wanted: unknown, at: string): void {
  if (deepEqual(got, wanted)) return;
  if (isObject(got) && isObject(wanted) && !Array.isArray(got)) {
    for (const key of new Set([...Object.keys(got), ...Object.keys(wanted)])) differ(got[key], wanted[key], `${at} ${key}`);
    return;
  }
  differences.push(`${at}: ${JSON.stringify(got)?.slice(0, 200)} not ${JSON.stringify(wanted)?.slice(0, 200)}`);
}

type Named = JsonObject & { readonly metadata: { readonly name: string; readonly namespace?: string } };
const keyOf = ({ metadata }: Named): string => `${metadata.namespace ?? ''}/${metadata.name}`;

async function compareObjects(): Promise<void> {
  let [same, all] = [0, 0];
  for (const [url, objects] of Object.entries(read('bootstrap.json'))) {
    const { body } = await send('GET', url);
    const got = new Map((normalise(body['items']) as Named[]).map((object) => [keyOf(object), object]));
    for (const wanted of objects as Named[]) {
      all++;
      const before = differences.length;
      const one = got.get(keyOf(wanted));
      if (one) differ(stable(one), stable(wanted), `${url} ${keyOf(wanted)}`);
      else differences.push(`${url} ${keyOf(wanted)}: is not there`);
      if (differences.length === before) same++;
      got.delete(keyOf(wanted));
    }
    for (const key of got.keys()) differences.push(`${url} ${key}: is there, and should not be`);
  }
  console.log(`${same} of ${all} bootstrap objects are the same`);
}

async function compareDiscovery(): Promise<void> {
  for (const [url, file] of [
    ['/api', 'discovery-api.json'],
    ['/apis', 'discovery-apis.json'],
  ] as const) {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const before = differences.length;
    differ(stable((await send('GET', url, undefined, { accept })).body), stable(read(file)), url);
    console.log(`discovery at ${url}: ${differences.length === before ? 'the same' : `${differences.length - before} differences`}`);
  }
}

await compareObjects();
await compareDiscovery();
for (const line of differences.slice(0, Number(args.show))) console.log(line);
