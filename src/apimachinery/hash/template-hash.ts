// Names that are functions of content: `pod-template-hash` and the safe alphabet of hashes.
import type { PodTemplateSpec } from '#api/core/v1';
import { structType } from '../schema/schema.ts';
import { goDump } from './go-dump.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a of 32 bits: Go's fnv.New32a. */
export function fnv32a(bytes: Uint8Array, start = FNV_OFFSET): number {
  let hash = start;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash >>> 0;
}

/** FNV-1 of 32 bits: Go's fnv.New32. */
export function fnv32(bytes: Uint8Array): number {
  let hash = FNV_OFFSET;
  for (const byte of bytes) hash = Math.imul(hash, FNV_PRIME) ^ byte;
  return hash >>> 0;
}

const SAFE = 'bcdfghjklmnpqrstvwxz2456789';

/** `rand.SafeEncodeString`: text in letters that form no words. */
export function safeEncode(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) out += SAFE[text.charCodeAt(i) % SAFE.length];
  return out;
}

const encoder = new TextEncoder();
const hashes = new WeakMap<PodTemplateSpec, number>();

/** `controller.ComputeHash`: what a Deployment's ReplicaSets carry as `pod-template-hash`. */
export function podTemplateHash(template: PodTemplateSpec, collisionCount?: number): string {
  let hash = hashes.get(template);
  if (hash === undefined) {
    hash = fnv32a(encoder.encode(goDump(structType('core/v1.PodTemplateSpec'), template)));
    hashes.set(template, hash);
  }
  if (collisionCount !== undefined) {
    const count = new Uint8Array(8);
    new DataView(count.buffer).setUint32(0, collisionCount, true);
    hash = fnv32a(count, hash);
  }
  return safeEncode(String(hash));
}
