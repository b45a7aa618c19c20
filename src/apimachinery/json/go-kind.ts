// What Go's decoder calls a JSON value in its errors.
import { NumberLiteral } from './parse.ts';

export function goKindOf(value: unknown): 'string' | 'bool' | 'array' | 'object' | 'number' {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'object' && !(value instanceof NumberLiteral) ? 'object' : 'number';
}
