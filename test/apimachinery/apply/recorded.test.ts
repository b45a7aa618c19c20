// What a real Kubernetes v1.36 recorded in managedFields: for objects that were created, and through sequences of requests.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ManagedFieldsEntry } from '#api/meta/v1';
import { decodeManagedFields, encodeManagedFields } from '../../../src/apimachinery/apply/managed-fields.ts';
import { deepFreeze, type JsonObject } from '../../../src/apimachinery/object.ts';
import { applyMergePatch } from '../../../src/apimachinery/patch/merge-patch.ts';
import { decoded, fieldManagerOf, managedFieldsOf, Seconds, stored } from './fixtures.ts';

const read = (file: string): string => fs.readFileSync(path.join(import.meta.dirname, file), 'utf8');
const text = (value: unknown): string => JSON.stringify(value);
const withoutTimes = (entries: readonly ManagedFieldsEntry[] | undefined): unknown =>
  entries?.map((entry) => ({ ...entry, time: undefined })).sort((a, b) => (text(a) < text(b) ? -1 : 1));

interface Created {
  readonly name: string;
  /** Decoded and defaulted. */
  readonly object: JsonObject & { readonly apiVersion: string; readonly kind: string };
  readonly managedFields: readonly ManagedFieldsEntry[];
}

describe('created objects', () => {
  const cases = read('recorded-creates.jsonl')
    .trim()
    .split('\n')
    .map((line) => deepFreeze(JSON.parse(line) as Created));

  it.each(cases.map((c) => [c.name, c] as const))('%s', (_, { object, managedFields }) => {
    const created = fieldManagerOf(`${object.apiVersion}/${object.kind}`, new Seconds()).update(
      undefined,
      object,
      managedFields[0]!.manager!,
    );
    expect(JSON.stringify(withoutTimes(managedFieldsOf(created)))).toBe(JSON.stringify(withoutTimes(managedFields)));
    expect(JSON.stringify(encodeManagedFields(decodeManagedFields(structuredClone(managedFields))))).toBe(JSON.stringify(managedFields));
  });
});

interface Step {
  readonly apply?: JsonObject;
  readonly create?: JsonObject;
  readonly replace?: JsonObject;
  readonly merge?: JsonObject;
  readonly manager: string;
  readonly force?: boolean;
  readonly error?: string;
  readonly causes?: readonly object[];
  readonly object?: JsonObject;
  readonly managedFields?: readonly ManagedFieldsEntry[] | null;
}

describe('sequences', () => {
  const cases = deepFreeze(
    JSON.parse(read('recorded-sequences.json')) as readonly { readonly name: string; readonly steps: readonly Step[] }[],
  );

  it.each(cases.map((c) => [c.name, c.steps] as const))('%s', (_, steps) => {
    const live = new Map<unknown, JsonObject>();
    const clock = new Seconds();
    for (const step of steps) {
      clock.value++;
      const kind = `v1/${String((step.apply ?? step.create ?? step.replace)?.kind ?? 'ConfigMap')}`;
      const before = live.get(kind);
      if (step.error !== undefined) {
        expect(() => played(kind, step, before, clock)).toThrow(
          expect.objectContaining({
            message: step.error,
            ...(step.causes ? { status: expect.objectContaining({ details: { causes: step.causes } }) } : {}),
          }),
        );
        continue;
      }
      const after = stored(played(kind, step, before, clock));
      live.set(kind, after);
      expect(after).toMatchObject(step.object ?? {});
      if ('managedFields' in step) expect(withoutTimes(managedFieldsOf(after))).toEqual(withoutTimes(step.managedFields ?? undefined));
    }
  });
});

/** What the request makes of the live object. */
function played(
  kind: string,
  { apply, create, replace, merge, manager, force = false }: Step,
  live: JsonObject | undefined,
  clock: Seconds,
): JsonObject {
  const fields = fieldManagerOf(kind, clock);
  if (apply) return fields.apply(live, apply, manager, force);
  const sent = create ?? replace ?? (applyMergePatch(live!, merge) as JsonObject);
  const next = decoded(kind, sent, live);
  const { managedFields } = sent.metadata as { managedFields?: readonly object[] };
  // decoding drops an empty list, which here means something
  const asked = managedFields?.length === 0 ? { managedFields } : {};
  return fields.update(
    live,
    deepFreeze({ ...next, metadata: { ...(next.metadata as JsonObject), ...(live ? { uid: 'uid' } : {}), ...asked } }),
    manager,
  );
}
