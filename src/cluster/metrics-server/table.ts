// Metrics as a table: a column for each resource, as metrics-server has it, summed up over a pod's containers.
import { addQuantities, canonicalQuantity, parseQuantity, type Quantity } from '../../apimachinery/quantity.ts';
import type { JsonObject } from '../../apimachinery/object.ts';
import type { NodeMetrics, PodMetrics, Usage } from './metrics.ts';

type Row = PodMetrics | NodeMetrics;

/** @param value a NodeMetrics, a PodMetrics or a list of these */
export function metricsTable(value: JsonObject): JsonObject {
  const { items, metadata } = value as { items?: readonly Row[]; metadata: JsonObject };
  const rows = items ?? [value as unknown as Row];
  const names = [...new Set(rows.slice(0, 1).flatMap((row) => usages(row).flatMap((usage) => Object.keys(usage))))].sort();
  const columns = [
    { name: 'Name', type: 'string', format: 'name', description: 'Name of the resource', priority: 0 },
    ...names.map((name) => ({ name, type: 'string', format: 'quantity', description: '', priority: 0 })),
    { name: 'Window', type: 'string', format: 'duration', description: '', priority: 0 },
  ];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: items ? metadata : {},
    columnDefinitions: rows.length ? columns : [],
    rows: rows.map((row) => ({
      cells: [row.metadata.name, ...names.map((name) => sum(usages(row), name as keyof Usage)), row.window],
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: row.metadata },
    })),
  };
}

const usages = (row: Row): readonly Usage[] => ('containers' in row ? row.containers.map(({ usage }) => usage) : [row.usage]);

function sum(all: readonly Usage[], name: keyof Usage): string {
  const total = all.map((usage) => parseQuantity(usage[name])).reduce((a: Quantity, b: Quantity) => addQuantities(a, b));
  return canonicalQuantity(total.unscaled, total.exponent, total.format);
}
