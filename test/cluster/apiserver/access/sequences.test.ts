// Requests in order, each with what a real API server (Node and RBAC authorizers) answered: roles, bindings, escalation, impersonation,
// tokens, nodes. `$NS` stands for the namespace, `${name}` for what a step saved.
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isObject } from '../../../../src/apimachinery/object.ts';
import { guarded } from './guarded.ts';

interface Step {
  readonly do: string;
  readonly type?: string;
  readonly as?: string;
  readonly groups?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly save?: Readonly<Record<string, string>>;
  readonly code: number;
  readonly message?: string;
  readonly status?: unknown;
}

interface Sequence {
  readonly id: string;
  readonly steps: readonly Step[];
}

const TYPES: Readonly<Record<string, string>> = {
  merge: 'application/merge-patch+json',
  apply: 'application/apply-patch+yaml',
  strategic: 'application/strategic-merge-patch+json',
};

const sequences = fs
  .readFileSync(path.join(import.meta.dirname, 'sequences.jsonl'), 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Sequence);

const NS = 'ns';

function substituted(value: unknown, saved: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return value.replaceAll('$NS', NS).replace(/\$\{(\w+)\}/g, (_, name: string) => saved.get(name) ?? '');
  if (Array.isArray(value)) return value.map((v) => substituted(v, saved));
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([k, v]) => [substituted(k, saved), substituted(v, saved)]));
  return value;
}

/** What differs from run to run has stand-ins. */
function normalised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalised);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([k, v]) => {
      if (k === 'uid') return [k, '<uid>'];
      const inOrder = (k === 'resourceRules' || k === 'nonResourceRules') && Array.isArray(v);
      return [k, inOrder ? v.map((one) => JSON.stringify(normalised(one))).sort() : normalised(v)];
    }),
  );
}

test.each(sequences.map((s) => [s.id, s] as const))('%s', async (id, { steps }) => {
  const { send } = await guarded({}, id.startsWith('node-restriction/') ? [] : ['NodeRestriction']);
  const core = (kind: string, name: string): unknown => ({ apiVersion: 'v1', kind, metadata: { name } });
  await send('POST', '/api/v1/namespaces', { body: core('Namespace', NS) });
  await send('POST', `/api/v1/namespaces/${NS}/serviceaccounts`, { body: core('ServiceAccount', 'default') });
  const saved = new Map<string, string>();
  for (const [i, step] of steps.entries()) {
    const [method = '', url = ''] = (substituted(step.do, saved) as string).split(' ');
    const answer = await send(method, url, {
      ...(step.body === undefined ? {} : { body: substituted(step.body, saved) }),
      headers: {
        ...(step.type ? { 'content-type': TYPES[step.type] ?? step.type } : {}),
        ...(step.as ? { 'impersonate-user': substituted(step.as, saved) as string } : {}),
        ...(step.groups ? { 'impersonate-group': substituted(step.groups, saved) as string[] } : {}),
        ...(substituted(step.headers ?? {}, saved) as Record<string, string>),
      },
    });
    for (const [name, at] of Object.entries(step.save ?? {}))
      saved.set(name, String(at.split('.').reduce((o: unknown, k) => (isObject(o) ? o[k] : undefined), answer.body)));
    const told = `step ${i}: ${step.do}`;
    expect([told, answer.code]).toEqual([told, step.code]);
    const message = substituted(step.message, saved) as string | undefined;
    // long texts were recorded without their end
    if (message?.endsWith('…')) expect(answer.message?.startsWith(message.slice(0, -1))).toBe(true);
    else if (message !== undefined) expect(answer.message).toBe(message);
    if (step.status !== undefined) expect(normalised(answer.body['status'])).toEqual(normalised(substituted(step.status, saved)));
  }
});
