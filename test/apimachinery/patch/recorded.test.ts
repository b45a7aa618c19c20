// Patches that a real Kubernetes v1.36 was sent, with the objects before and after, or what it said was wrong.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { decode } from '../../../src/apimachinery/codec/decode.ts';
import { deepFreeze, type JsonObject } from '../../../src/apimachinery/object.ts';
import { applyJsonPatch, type Operation } from '../../../src/apimachinery/patch/json-patch.ts';
import { applyMergePatch } from '../../../src/apimachinery/patch/merge-patch.ts';
import { applyStrategicMergePatch } from '../../../src/apimachinery/patch/strategic-merge.ts';
import { decodeUnstructured } from '../../../src/apimachinery/patch/unstructured.ts';
import { structType } from '../../../src/apimachinery/schema/schema.ts';

interface Recorded {
  readonly name: string;
  readonly patchType: 'strategic' | 'merge' | 'jsonpatch';
  readonly type: string;
  readonly original: JsonObject;
  readonly patch: unknown;
  readonly result?: JsonObject;
  readonly error?: string;
}

const cases = fs
  .readFileSync(path.join(import.meta.dirname, 'recorded.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => deepFreeze(JSON.parse(line) as Recorded));

function patched({ patchType, type, original, patch }: Recorded): unknown {
  const struct = structType(type);
  if (patchType === 'strategic') return decodeUnstructured(struct, applyStrategicMergePatch(struct, original, patch as JsonObject)).object;
  return decode(struct, patchType === 'merge' ? applyMergePatch(original, patch) : applyJsonPatch(original, patch as readonly Operation[]))
    .object;
}

it.each(cases.map((c) => [`${c.patchType}: ${c.name}`, c] as const))('%s', (_, recorded) => {
  if (recorded.error !== undefined) expect(() => patched(recorded)).toThrow(recorded.error);
  else expect(stripped(patched(recorded))).toEqual(stripped(recorded.result));
});

/** What the records leave out. */
function stripped(object: unknown): unknown {
  const { status: _, metadata, ...others } = object as JsonObject;
  const { creationTimestamp: __, ...meta } = metadata as JsonObject;
  return { ...others, metadata: meta };
}
