// Answers of a real Kubernetes API server to objects with one thing changed, replayed into ours: verdict, reason, refused fields, wording,
// and what became of the object where it was accepted. Each file in recorded/ holds the objects that the cases start from (`base`), and the
// cases (`on`: `create`, or `update` of the stored object; `ops`: RFC 6902). Later kinds add files of their own.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { RealClock } from '../../../src/apimachinery/clock.ts';
import { isObject, splitApiVersion, type JsonObject } from '../../../src/apimachinery/object.ts';
import { applyJsonPatch, decodeJsonPatch } from '../../../src/apimachinery/patch/json-patch.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { StatusError } from '../../../src/apimachinery/status-error.ts';
import type { ResourceRequest, Verb } from '../../../src/apimachinery/api-request.ts';
import type { ApiServer } from '../../../src/cluster/apiserver/api-server.ts';
import { bootstrapPriorityClasses } from '../../../src/cluster/apiserver/bootstrap/system-objects.ts';
import { standaloneApiServer } from '../../../src/cluster/apiserver/standalone.ts';

interface Base {
  readonly base: string;
  readonly object: JsonObject & { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string } };
}

interface Case {
  readonly on: 'create' | 'update';
  readonly id: string;
  readonly base: string;
  readonly ops: readonly JsonObject[];
  readonly code: number;
  readonly reason?: string;
  readonly message?: string;
  /** `FieldValueInvalid spec.replicas` */
  readonly fields?: readonly string[];
  /** Pointers with their new values, or alone where there is nothing any more. */
  readonly delta?: readonly (readonly [string, unknown] | readonly [string])[];
  readonly warnings?: readonly string[];
}

const NAMESPACE = 'oracle';
const USER = { username: 'admin', groups: ['system:masters', 'system:authenticated'] };
const DIR = path.join(import.meta.dirname, 'recorded');

interface Answer {
  readonly code: number;
  readonly reason?: string;
  readonly message?: string;
  readonly fields?: readonly string[];
  readonly object?: JsonObject;
  readonly warnings: readonly string[];
}

async function send(server: ApiServer, verb: Verb, base: Base, value: unknown, dryRun: boolean): Promise<Answer> {
  const { apiVersion, kind, metadata } = base.object;
  const mapping = server.mapping(`${apiVersion}/${kind}`);
  if (!mapping) throw new Error(`no such kind: ${apiVersion}/${kind}`);
  const request: ResourceRequest = {
    ...splitApiVersion(apiVersion),
    resource: mapping.resource,
    verb,
    namespace: mapping.namespaced ? NAMESPACE : '',
    name: verb === 'create' ? '' : metadata.name,
    subresource: '',
    options: { fieldManager: 'oracle', fieldValidation: 'Strict', ...(dryRun ? { dryRun: ['All'] } : {}) },
    body: { value },
    user: USER,
    userAgent: 'test',
  };
  try {
    const response = await server.serve(request);
    if (response.is !== 'object') throw new Error('an object was expected');
    return { code: response.code, object: response.object, warnings: response.warnings };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const { code = 0, reason = '', message = '', details } = error.status;
    const fields = (details?.causes ?? []).map((c) => `${c.reason} ${c.field}`);
    return { code, reason, message, fields, warnings: error.warnings ?? [] };
  }
}

async function emptyServer(): Promise<ApiServer> {
  // no controller fills in what quotas count
  const server = standaloneApiServer({ clock: new RealClock(), random: new Random(1), disableAdmissionPlugins: ['ResourceQuota'] });
  const made = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    // which a controller makes in every namespace
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: NAMESPACE } },
    ...bootstrapPriorityClasses(),
  ];
  for (const object of made) await send(server, 'create', { base: object.kind, object: object as Base['object'] }, object, false);
  return server;
}

function changed(base: Base, ops: readonly JsonObject[]): unknown {
  const { operations } = decodeJsonPatch({ value: ops, duplicates: new Map() }, true);
  return applyJsonPatch(base.object, operations);
}

function at(object: unknown, pointer: string): unknown {
  let value = object;
  for (const key of pointer.split('/').slice(1)) {
    const name = key.replaceAll('~1', '/').replaceAll('~0', '~');
    value = Array.isArray(value) ? value[Number(name)] : isObject(value) ? value[name] : undefined;
  }
  return value;
}

/** What differs from run to run has stand-ins in what was recorded, and so have addresses. */
const normalised = (text: string | undefined): string | undefined =>
  text
    ?.replaceAll(/\b10\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/g, '<ip>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>');

/** Long texts were recorded without their end. */
function expectMessage(message: string | undefined, expected: string | undefined): void {
  const got = normalised(message);
  if (expected?.endsWith('…')) expect(got?.slice(0, expected.length - 1)).toBe(expected.slice(0, -1));
  else expect(got).toBe(expected);
}

for (const file of fs.readdirSync(DIR).filter((f) => f.endsWith('.jsonl'))) {
  const rows = fs
    .readFileSync(path.join(DIR, file), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Base | Case);
  const bases = new Map(rows.filter((r): r is Base => 'object' in r).map((b) => [b.base, b]));
  const cases = rows.filter((r): r is Case => 'on' in r);

  describe(file, async () => {
    const fresh = await emptyServer();
    const stored = await emptyServer();
    for (const base of bases.values()) {
      const { code, message } = await send(stored, 'create', base, base.object, false);
      if (code !== 201) throw new Error(`${base.base} was refused: ${message}`);
    }

    it.each(cases.map((c) => [`${c.on} ${c.id}`, c] as const))('%s', async (_, { on, base: id, ops, ...expected }) => {
      const base = bases.get(id)!;
      const answer = await send(on === 'create' ? fresh : stored, on, base, changed(base, ops), true);
      expect([answer.code, answer.reason, answer.fields]).toEqual([expected.code, expected.reason, expected.fields]);
      expectMessage(answer.message, expected.message);
      expect(answer.warnings).toEqual(expected.warnings ?? []);
      for (const [pointer, value] of expected.delta ?? []) expect([pointer, at(answer.object, pointer)]).toEqual([pointer, value]);
    });
  });
}
