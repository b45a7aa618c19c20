import { describe, expect, it } from 'vitest';
import type { ManagedFieldsEntry } from '#api/meta/v1';
import { fieldPath } from '../../../src/apimachinery/apply/path-element.ts';
import { fromScale, toScale, type ReplicasPaths } from '../../../src/apimachinery/apply/scale-handler.ts';

const paths: ReplicasPaths = new Map([
  ['apps/v1', fieldPath('spec', 'replicas')],
  ['example.com/v1', fieldPath('spec', 'size', 'wanted')],
  ['example.com/v2', undefined],
]);

const entry = (
  manager: string,
  operation: 'Apply' | 'Update',
  apiVersion: string,
  fieldsV1: ManagedFieldsEntry['fieldsV1'],
  more: Partial<ManagedFieldsEntry> = { time: '2026-01-01T00:00:00Z' },
): ManagedFieldsEntry => ({
  manager,
  operation,
  apiVersion,
  ...more,
  fieldsType: 'FieldsV1',
  fieldsV1,
});
const REPLICAS = { 'f:spec': { 'f:replicas': {} } };
const MORE = { 'f:spec': { 'f:paused': {}, 'f:replicas': {} } };

describe('to a Scale', () => {
  it('go those who own replicas, wherever their version has them', () => {
    const entries = [
      entry('a', 'Apply', 'apps/v1', MORE),
      entry('b', 'Update', 'apps/v1', { 'f:spec': { 'f:paused': {} } }),
      entry('c', 'Update', 'example.com/v1', { 'f:spec': { 'f:size': { 'f:wanted': {} } } }),
      entry('d', 'Update', 'example.com/v2', REPLICAS),
      entry('e', 'Update', 'gone/v1', REPLICAS),
    ];
    expect(toScale(entries, paths)).toEqual([
      entry('a', 'Apply', 'autoscaling/v1', REPLICAS),
      entry('c', 'Update', 'autoscaling/v1', REPLICAS),
    ]);
  });

  it('goes nothing where nobody owns them', () => {
    expect(toScale(undefined, paths)).toBeUndefined();
  });
});

describe('from a Scale', () => {
  const scaled = (manager: string, operation: 'Apply' | 'Update' = 'Update'): ManagedFieldsEntry =>
    entry(manager, operation, 'autoscaling/v1', REPLICAS, { subresource: 'scale' });

  it('who set the replicas takes them from the others', () => {
    const entries = [entry('a', 'Apply', 'apps/v1', MORE), entry('b', 'Update', 'apps/v1', REPLICAS)];
    expect(fromScale(entries, [scaled('hpa')], 'apps/v1', paths)).toEqual([
      entry('a', 'Apply', 'apps/v1', { 'f:spec': { 'f:paused': {} } }),
      entry('hpa', 'Update', 'apps/v1', REPLICAS, { subresource: 'scale' }),
    ]);
  });

  it('who owned them before and still does keeps its entry', () => {
    const entries = [
      entry('a', 'Apply', 'apps/v1', MORE),
      entry('hpa', 'Update', 'apps/v1', REPLICAS, { subresource: 'scale', time: '2026-01-01T00:00:00Z' }),
    ];
    const shown = toScale(entries, paths)!;
    expect(fromScale(entries, shown, 'apps/v1', paths)).toBe(entries);
  });

  it('goes to where the version of the request has replicas', () => {
    expect(fromScale([], [scaled('hpa', 'Apply')], 'example.com/v1', paths)).toEqual([
      entry('hpa', 'Apply', 'example.com/v1', { 'f:spec': { 'f:size': { 'f:wanted': {} } } }, { subresource: 'scale' }),
    ]);
  });

  it('entries of versions that are not served are dropped', () => {
    expect(fromScale([entry('e', 'Update', 'gone/v1', MORE)], [], 'apps/v1', paths)).toBeUndefined();
  });
});
