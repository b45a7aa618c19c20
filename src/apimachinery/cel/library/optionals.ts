// Values that may be absent. Follows the optional library of cel-go; `or`, `orValue`, `.?` and `[?]` are evaluated by the evaluator itself.
import { declare, type FunctionDeclaration, type Implementation } from '../environment.ts';
import { CelError, Duration, ListValue, MapValue, NONE, noSuchOverload, OptionalValue, Timestamp, Uint, type Value } from '../values.ts';

const elsewhere: Implementation = () => noSuchOverload;

function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === '') return true;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof ListValue || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof MapValue) return value.size === 0;
  if (value instanceof OptionalValue) return value.value === undefined || isZero(value.value);
  return (value instanceof Duration || value instanceof Timestamp) && value.nanos === 0n;
}

export const optionals: readonly FunctionDeclaration[] = [
  declare('optional.of', { 'optional_of: (V) -> optional_type(V)': (value) => new OptionalValue(value) }),
  declare('optional.ofNonZeroValue', {
    'optional_ofNonZeroValue: (V) -> optional_type(V)': (value) => (isZero(value!) ? NONE : new OptionalValue(value)),
  }),
  declare('optional.none', { 'optional_none: () -> optional_type(V)': () => NONE }),
  declare('value', {
    'optional_value: optional_type(V).() -> V': (optional) =>
      (optional as OptionalValue).value ?? new CelError('optional.none() dereference'),
  }),
  declare('hasValue', {
    'optional_hasValue: optional_type(V).() -> bool': (optional) => (optional as OptionalValue).value !== undefined,
  }),
  declare('or', { 'optional_or_optional: optional_type(V).(optional_type(V)) -> optional_type(V)': elsewhere }),
  declare('orValue', { 'optional_orValue_value: optional_type(V).(V) -> V': elsewhere }),
  declare('_[?_]', {
    'list_optindex_optional_int: (list(V), int) -> optional_type(V)': elsewhere,
    'optional_list_optindex_optional_int: (optional_type(list(V)), int) -> optional_type(V)': elsewhere,
    'map_optindex_optional_value: (map(K, V), K) -> optional_type(V)': elsewhere,
    'optional_map_optindex_optional_value: (optional_type(map(K, V)), K) -> optional_type(V)': elsewhere,
  }),
  declare('_[_]', {
    'optional_list_index_int: (optional_type(list(V)), int) -> optional_type(V)': elsewhere,
    'optional_map_index_value: (optional_type(map(K, V)), K) -> optional_type(V)': elsewhere,
  }),
];
