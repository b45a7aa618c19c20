// Whether objects that Kubernetes wrote in protobuf are read, and written again to the same bytes; and what becomes of them where a server
// is sent protobuf: objects come back as what they are in JSON.
//
//   npm run bench:protobuf -- [--data DIR]     DIR: files `<name>.pb` and `<name>.json`
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { decode } from '../src/apimachinery/codec/decode.ts';
import { decodeEnvelope, encodeProtobuf, openEnvelope, protobufType } from '../src/apimachinery/codec/protobuf/envelope.ts';
import { deepEqual, type JsonObject } from '../src/apimachinery/object.ts';
import { inProcess } from './conformance-servers.ts';

interface Sample extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}
interface Answer {
  readonly code: number;
  readonly body: JsonObject;
  readonly bytes: Uint8Array;
}
type Send = (method: string, url: string, body?: unknown, headers?: object) => Promise<Answer>;
interface Place {
  readonly prefix: string;
  readonly resource: string;
  readonly namespaced: boolean;
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** By `apps/v1/Deployment`. */
async function served(send: Send): Promise<Map<string, Place>> {
  const found = new Map<string, Place>();
  const versions = ['/api/v1'];
  for (const group of (await send('GET', '/apis')).body['groups'] as readonly { versions: readonly { groupVersion: string }[] }[])
    for (const { groupVersion } of group.versions) versions.push(`/apis/${groupVersion}`);
  for (const prefix of versions)
    for (const resource of (await send('GET', prefix)).body['resources'] as readonly { name: string; kind: string; namespaced: boolean }[])
      if (!resource.name.includes('/'))
        found.set(`${prefix.replace(/^\/apis?\//, '')}/${resource.kind}`, {
          prefix,
          resource: resource.name,
          namespaced: resource.namespaced,
        });
  return found;
}

const NAMESPACE = 'oracle';
const { values: args } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/oracle/kubernetes-api' },
    recorded: { type: 'string', default: '../shared/oracle/recorded' },
  },
});
const unknown: string[] = [];
const wrong: string[] = [];
let known = 0;
for (const file of fs.readdirSync(args.data).filter((name) => name.endsWith('.pb'))) {
  const bytes = fs.readFileSync(path.join(args.data, file));
  const wanted = JSON.parse(fs.readFileSync(path.join(args.data, file.replace(/pb$/, 'json')), 'utf8')) as JsonObject;
  const envelope = openEnvelope(bytes);
  const type = protobufType(envelope.apiVersion, envelope.kind);
  if (!type) {
    unknown.push(file.replace(/\.pb$/, ''));
    continue;
  }
  known++;
  if (!deepEqual(decode(type, decodeEnvelope(envelope)).object, wanted)) wrong.push(`${file} is read otherwise`);
  if (!bytes.equals(encodeProtobuf(wanted)!)) wrong.push(`${file} is written otherwise`);
}
const sent = await roundTrips();
console.log(`${known} kinds, of which ${wrong.length} things are wrong; ${unknown.length} kinds are not served any more`);
console.log(`${sent.made} of ${sent.all} valid objects were created in protobuf and read again`);
for (const line of wrong) console.log(line);
if (wrong.length) process.exitCode = 1;

/** Valid objects that use nearly every field: created in protobuf, read in protobuf and in JSON. */
async function roundTrips(): Promise<{ readonly all: number; readonly made: number }> {
  const send = inProcess(['NodeRestriction']).request as Send;
  const kinds = await served(send);
  const make = (apiVersion: string, kind: string, url: string, name: string): Promise<Answer> =>
    send('POST', url, { apiVersion, kind, metadata: { name } });
  await make('v1', 'Namespace', '/api/v1/namespaces', NAMESPACE);
  await make('v1', 'ServiceAccount', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, 'default');
  let [all, made] = [0, 0];
  for (const line of fs.readFileSync(path.join(args.recorded, 'defaults.jsonl'), 'utf8').split('\n').filter(Boolean)) {
    const { id, object } = JSON.parse(line) as { id: string; object: Sample };
    const where = kinds.get(`${object.apiVersion}/${object.kind}`);
    const type = where && protobufType(object.apiVersion, object.kind);
    if (!type) continue;
    // a number that stands for a quantity is a text there
    const bytes = encodeProtobuf(decode(type, object).object as JsonObject)!;
    all++;
    const scope = where.namespaced ? `/namespaces/${object.metadata?.namespace ?? NAMESPACE}` : '';
    const collection = `${where.prefix}${scope}/${where.resource}`;
    const posted = await send('POST', collection, Buffer.from(bytes), { 'content-type': PROTOBUF });
    if (posted.code !== 201) {
      wrong.push(`${id}: a create in protobuf is answered with ${posted.code}: ${String(posted.body['message'])}`);
      continue;
    }
    made++;
    const one = `${collection}/${object.metadata?.name}`;
    const [json, again] = [await send('GET', one), await send('GET', one, undefined, { accept: PROTOBUF })];
    if (json.code === 200) compare(id, again.bytes, json.body);
    await send('DELETE', `${one}?gracePeriodSeconds=0`);
  }
  return { all, made };
}

function compare(id: string, bytes: Uint8Array, json: JsonObject): void {
  const envelope = openEnvelope(bytes);
  const type = protobufType(envelope.apiVersion, envelope.kind)!;
  if (!deepEqual(decode(type, decodeEnvelope(envelope)).object, withoutTypesOfClaims(json)))
    wrong.push(`${id} comes back otherwise in protobuf than in JSON`);
  if (!Buffer.from(bytes).equals(encodeProtobuf(json)!)) wrong.push(`${id} is written otherwise from its JSON`);
}

/** Protobuf has no kinds of objects within objects; a server that answers in JSON adds those of claims of a StatefulSet. */
function withoutTypesOfClaims(object: JsonObject): JsonObject {
  const { spec } = object as { readonly spec?: JsonObject & { readonly volumeClaimTemplates?: readonly JsonObject[] } };
  if (!spec?.volumeClaimTemplates) return object;
  const volumeClaimTemplates = spec.volumeClaimTemplates.map(({ apiVersion: _a, kind: _k, ...rest }) => rest);
  return { ...object, spec: { ...spec, volumeClaimTemplates } };
}
