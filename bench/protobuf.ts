// Whether objects that Kubernetes wrote in protobuf are read, and written again to the same bytes.
//
//   npm run bench:protobuf -- [--data DIR]     DIR: files `<name>.pb` and `<name>.json`
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { decode } from '../src/apimachinery/codec/decode.ts';
import { decodeEnvelope, encodeProtobuf, openEnvelope, protobufType } from '../src/apimachinery/codec/protobuf/envelope.ts';
import { deepEqual, type JsonObject } from '../src/apimachinery/object.ts';

const { values: args } = parseArgs({ options: { data: { type: 'string', default: '../shared/oracle/kubernetes-api' } } });
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
console.log(`${known} kinds, of which ${wrong.length} things are wrong; ${unknown.length} kinds are not served any more`);
for (const line of wrong) console.log(line);
if (wrong.length) process.exitCode = 1;
