// Situations of strategic merge patches: strategic-merge.yaml holds them as data.
import fs from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { deepFreeze, type JsonObject } from '../../../src/apimachinery/object.ts';
import type { StrategicMergeError } from '../../../src/apimachinery/patch/strategic-merge-error.ts';
import { applyStrategicMergePatch } from '../../../src/apimachinery/patch/strategic-merge.ts';
import { structType } from '../../../src/apimachinery/schema/schema.ts';

interface Situation {
  readonly name: string;
  /** Of the pod's spec, the object's metadata, or the whole object where neither is given. */
  readonly at?: 'spec' | 'metadata';
  readonly type?: string;
  readonly original: JsonObject;
  readonly patch: JsonObject;
  readonly result?: JsonObject;
  readonly error?: string;
  readonly fault?: string;
}

const situations = deepFreeze(
  parse(fs.readFileSync(path.join(import.meta.dirname, 'strategic-merge.yaml'), 'utf8')) as readonly Situation[],
);

function patched({ at, type = 'core/v1.Pod', original, patch }: Situation): unknown {
  const wrap = (value: JsonObject): JsonObject => (at ? { [at]: value } : value);
  const result = applyStrategicMergePatch(structType(type), wrap(original), wrap(patch));
  return at ? result[at] : result;
}

function errorOf(act: () => unknown): StrategicMergeError | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error as StrategicMergeError;
  }
}

describe('situations', () => {
  it.each(situations.map((situation) => [situation.name, situation] as const))('%s', (_, situation) => {
    if (situation.error === undefined) expect(patched(situation)).toEqual(situation.result);
    else
      expect(errorOf(() => patched(situation))).toMatchObject({
        name: 'StrategicMergeError',
        message: situation.error,
        fault: situation.fault ?? 'other',
      });
  });
});

it('shares what it does not touch, and is the original where it changes nothing', () => {
  const pod = deepFreeze({
    metadata: { name: 'p', labels: { a: '1' }, finalizers: ['x', 'y'] },
    spec: { containers: [{ name: 'c', env: [{ name: 'A' }] }, { name: 'd' }] },
  });
  const type = structType('core/v1.Pod');
  const result = applyStrategicMergePatch(type, pod, { spec: { containers: [{ name: 'c', image: 'i' }] } }) as typeof pod;
  expect(result.metadata).toBe(pod.metadata);
  expect(result.spec.containers[0]!.env).toBe(pod.spec.containers[0]!.env);
  expect(result.spec.containers[1]).toBe(pod.spec.containers[1]);
  expect(
    applyStrategicMergePatch(type, pod, {
      metadata: { labels: { a: '1', gone: null }, finalizers: ['x'] },
      spec: { containers: [{ name: 'c' }] },
    }),
  ).toBe(pod);
  expect(applyStrategicMergePatch(type, pod, null)).toBe(pod);
});

describe('lists of containers', () => {
  const names: fc.Arbitrary<string[]> = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'));
  const asContainers = (list: readonly string[]): JsonObject[] => list.map((name) => ({ name, image: `${name}:1` }));
  const merge = (live: readonly string[], patch: JsonObject): string[] => {
    const spec = { containers: asContainers(live) };
    const result = applyStrategicMergePatch(structType('core/v1.Pod'), deepFreeze({ spec }), deepFreeze({ spec: patch })) as {
      spec: { containers: { name: string }[] };
    };
    return result.spec.containers.map(({ name }) => name);
  };

  it('hold every element of both once, the patch’s and the server’s each in their order', () => {
    fc.assert(
      fc.property(names, names, (live, patch) => {
        const result = merge(live, { containers: asContainers(patch) });
        expect([...result].sort()).toEqual([...new Set([...live, ...patch])].sort());
        expect(result.filter((name) => patch.includes(name))).toEqual(patch);
        expect(result.filter((name) => !patch.includes(name))).toEqual(live.filter((name) => !patch.includes(name)));
      }),
    );
  });

  it('become what kubectl wants when it names the order and deletes the rest', () => {
    fc.assert(
      fc.property(names, names, (live, wanted) => {
        fc.pre(live.length > 0 && wanted.length > 0);
        const deleted = live.filter((name) => !wanted.includes(name)).map((name) => ({ name, $patch: 'delete' }));
        const added = asContainers(wanted.filter((name) => !live.includes(name)));
        expect(
          merge(live, { '$setElementOrder/containers': wanted.map((name) => ({ name })), containers: [...added, ...deleted] }),
        ).toEqual(wanted);
      }),
    );
  });
});
