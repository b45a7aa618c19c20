// Random changes of valid objects, put to two servers alike: the API server of this process, and a real one. What they answer differently is
// listed, field by field. Recorded answers (`npm run conformance`) know one change at a time; here several meet, updates name the version
// that they change, and patches of every kind are applied by several managers.
//
//   npm run bench:differential -- --data DIR --server https://127.0.0.1:6443 --token TOKEN [--seed 1] [--each 20] [--only TEXT] [--show 20]
//
// The server must be an API server alone, without controllers, and the token that of an administrator. Objects are made in it, and deleted.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isObject, type JsonObject } from '../src/apimachinery/object.ts';
import { Random } from '../src/apimachinery/random.ts';
import { inProcess } from './conformance-servers.ts';

const { values: args } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/oracle/recorded' },
    server: { type: 'string' },
    token: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    each: { type: 'string', default: '20' },
    only: { type: 'string', default: '' },
    show: { type: 'string', default: '20' },
  },
});

interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}
type Request = (method: string, url: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Promise<Answer>;

/** The module beside the recorded answers that speaks to servers, and brings their answers into a comparable form. */
interface Recorder {
  connect(options: { readonly server: string; readonly token: string }): Request;
  normalise(value: unknown, keepManaged: boolean): unknown;
  status(body: unknown): JsonObject;
  warnings(answer: Answer): readonly string[];
  collection(kinds: JsonObject, object: JsonObject): string;
}

interface Base {
  readonly id: string;
  readonly object: JsonObject & { readonly metadata?: JsonObject };
}

const random = new Random(Number(args.seed));
const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!;
const chance = (share: number): boolean => random.fraction() < share;

const TEXTS = [
  '',
  'A',
  'a_b',
  '-a',
  'a.b',
  'a/b',
  '*',
  '1.2.3.4',
  '::1',
  '10.0.0.0/8',
  'None',
  'Always',
  'http://x',
  '5',
  '50%',
  '1Gi',
  '500m',
  '/x/../y',
];
const NUMBERS = [-1, 0, 1, 2, 100, 65_535, 65_536, 2_147_483_647, 2_147_483_648, 1.5];

/** The value with some of it changed, doubled, taken away, or of another type. @param rate how much of it */
function changed(value: unknown, rate: number): unknown {
  if (Array.isArray(value)) {
    const items = (value as readonly unknown[]).map((item) => changed(item, rate));
    if (items.length && chance(rate)) return pick([[...items, items[0]], items.slice(1), [], [...items].reverse()]);
    return items;
  }
  if (isObject(value)) {
    const entries = Object.entries(value).filter(() => !chance(rate / 2));
    const object = Object.fromEntries(entries.map(([key, inner]) => [key, changed(inner, rate)]));
    return chance(rate / 4) ? { ...object, [pick(TEXTS)]: pick(TEXTS) } : object;
  }
  if (!chance(rate)) return value;
  if (chance(0.1)) return pick<unknown>([null, {}, [], 'x', 1, true]);
  if (typeof value === 'boolean') return !value;
  return typeof value === 'number' ? pick(NUMBERS) : pick(TEXTS);
}

/** Fields by which list entries are told apart: patches mostly keep them. */
const KEYS: ReadonlySet<string> = new Set(['name', 'key', 'type', 'containerPort', 'port', 'mountPath', 'ip', 'topologyKey']);

/** Some of the fields, a few of them changed. @param nulls take fields away, in merge patches */
function part(value: unknown, nulls: boolean): unknown {
  if (Array.isArray(value)) return (value as readonly unknown[]).filter(() => chance(0.6)).map((item) => part(item, nulls));
  if (!isObject(value)) return chance(0.2) ? changed(value, 1) : value;
  const kept: JsonObject = {};
  for (const [key, inner] of Object.entries(value)) {
    if (KEYS.has(key) && chance(0.93)) kept[key] = inner;
    else if (chance(0.6)) kept[key] = part(inner, nulls);
    else if (nulls && chance(0.05)) kept[key] = null;
  }
  return kept;
}

const PATCHES = {
  apply: ['application/apply-patch+yaml', 'fieldManager=other'],
  force: ['application/apply-patch+yaml', 'fieldManager=other&force=true'],
  own: ['application/apply-patch+yaml', 'fieldManager=creator&force=true'],
  strategic: ['application/strategic-merge-patch+json', 'fieldManager=patcher'],
  merge: ['application/merge-patch+json', 'fieldManager=patcher'],
} as const;
type How = 'create' | 'update' | keyof typeof PATCHES;
const HOWS: readonly How[] = ['create', 'create', 'update', 'update', 'apply', 'force', 'own', 'strategic', 'merge'];

interface Case {
  readonly how: How;
  readonly body: JsonObject;
}

function casesOf({ object }: Base): readonly Case[] {
  const { apiVersion, kind, metadata = {} } = object;
  const { name, namespace } = metadata;
  return Array.from({ length: Number(args.each) }, (): Case => {
    const how = pick(HOWS);
    const body = how === 'create' || how === 'update' ? changed(object, 0.02) : part(object, how === 'strategic' || how === 'merge');
    const own: JsonObject = { ...(body as JsonObject), apiVersion, kind };
    if (how === 'create') return { how, body: own };
    const meta = isObject(own['metadata']) ? own['metadata'] : {};
    return { how, body: { ...own, metadata: { ...meta, name, ...(namespace === undefined ? {} : { namespace }) } } };
  });
}

/** What a server answers to all of it, in order; nothing of it but the object itself stays for long. */
async function answersOf(request: Request, base: Base, cases: readonly Case[], all: string): Promise<readonly JsonObject[]> {
  const one = `${all}/${base.object.metadata?.['name'] as string}`;
  await request('POST', `${all}?fieldManager=creator`, base.object);
  const answers: JsonObject[] = [];
  for (const { how, body } of cases) {
    const dry = 'dryRun=All&fieldValidation=Strict';
    if (how === 'create') answers.push(comparable(await request('POST', `${all}?fieldManager=creator&${dry}`, body)));
    else if (how === 'update') {
      const { body: live } = await request('GET', one);
      const meta = isObject(live) && isObject(live['metadata']) ? live['metadata'] : {};
      const versioned = { ...body, metadata: { ...(body['metadata'] as JsonObject), resourceVersion: meta['resourceVersion'] } };
      answers.push(comparable(await request('PUT', `${one}?fieldManager=creator&${dry}`, versioned)));
    } else {
      const [type, query] = PATCHES[how];
      answers.push(comparable(await request('PATCH', `${one}?${query}&dryRun=All`, body, { 'content-type': type })));
    }
  }
  const merge = { 'content-type': 'application/merge-patch+json' };
  await request('PATCH', one, { metadata: { finalizers: null } }, merge);
  await request('DELETE', `${one}?gracePeriodSeconds=0&propagationPolicy=Background`);
  return answers;
}

const recorder = (await import(pathToFileURL(path.join(path.resolve(args.data), 'server.mjs')).href)) as Recorder;

function comparable(answer: Answer): JsonObject {
  const told = answer.code < 300 ? { object: recorder.normalise(answer.body, true) } : recorder.status(answer.body);
  return JSON.parse(
    JSON.stringify({ code: answer.code, ...told, warnings: recorder.warnings(answer) }, (key, value: unknown) =>
      key === 'time' ? undefined : value,
    ),
  ) as JsonObject;
}

/** Where two answers differ, each place once. */
function differences(real: unknown, ours: unknown, at = ''): readonly string[] {
  if (isObject(real) && isObject(ours))
    return [...new Set([...Object.keys(real), ...Object.keys(ours)])].flatMap((key) => differences(real[key], ours[key], `${at}/${key}`));
  if (Array.isArray(real) && Array.isArray(ours) && real.length === ours.length)
    return (real as readonly unknown[]).flatMap((item, i) => differences(item, (ours as readonly unknown[])[i], `${at}/${i}`));
  const [a, b] = [JSON.stringify(real), JSON.stringify(ours)];
  return a === b ? [] : [`${at}: real ${a?.slice(0, 200) ?? 'nothing'}, ours ${b?.slice(0, 200) ?? 'nothing'}`];
}

if (args.server === undefined) throw new Error('--server names the real one, --token how it is spoken to');
const real = recorder.connect({ server: args.server, token: args.token });
const ours = inProcess(['NodeRestriction']);
const kinds = JSON.parse(fs.readFileSync(path.join(args.data, 'kinds.json'), 'utf8')) as JsonObject;
const bases = fs
  .readFileSync(path.join(args.data, 'defaults.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Base)
  .filter(({ id, object }) => id.includes(args.only) && object.metadata?.['name'] !== undefined);
for (const request of [real, ours.request as Request]) {
  await request('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'oracle' } });
  await request('POST', '/api/v1/namespaces/oracle/serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default' },
  });
}
const counts = { cases: 0, verdict: 0, same: 0 };
for (const base of bases) {
  const cases = casesOf(base);
  const all = recorder.collection(kinds, base.object);
  const [expected, got] = [await answersOf(real, base, cases, all), await answersOf(ours.request as Request, base, cases, all)];
  for (const [i, { how, body }] of cases.entries()) {
    const [a, b] = [expected[i]!, got[i]!];
    counts.cases++;
    if ((a['code'] as number) < 300 === (b['code'] as number) < 300) counts.verdict++;
    const found = differences(a, b);
    if (found.length === 0) counts.same++;
    else if (counts.cases - counts.same <= Number(args.show))
      console.log(
        `${base.id} ${how} ${JSON.stringify(body).slice(0, 300)}\n${found
          .slice(0, 5)
          .map((line) => `  ${line}`)
          .join('\n')}`,
      );
  }
}
await ours.stop();
const percent = (n: number): string => `${((100 * n) / counts.cases).toFixed(1)} %`;
console.log(`${counts.cases} cases: accepted or refused alike ${percent(counts.verdict)}, the same in everything ${percent(counts.same)}`);
