// What is wrong with a strategic merge patch, in Kubernetes' words.
import { printed, typeOf } from './go-print.ts';

export class StrategicMergeError extends Error {
  override readonly name = 'StrategicMergeError';
  /** `format`: the patch itself is malformed. `unprocessable`: it asks for what cannot be. Servers answer the others as failures of their own. */
  readonly fault: 'format' | 'unprocessable' | 'other';
  constructor(message: string, fault: 'format' | 'unprocessable' | 'other' = 'other') {
    super(message);
    this.fault = fault;
  }
}

export const badPrimitiveList = (): StrategicMergeError => new StrategicMergeError('invalid patch format of primitive list', 'format');
export const badRetainKeys = (): StrategicMergeError => new StrategicMergeError('invalid patch format of retainKeys', 'format');
export const badSetElementOrder = (): StrategicMergeError =>
  new StrategicMergeError('invalid patch format of setElementOrder list', 'format');
export const noListOfLists = (): StrategicMergeError => new StrategicMergeError('lists of lists are not supported', 'unprocessable');

export const noMergeKey = (map: unknown, key: string): StrategicMergeError =>
  new StrategicMergeError(`map: ${printed(map)} does not contain declared merge key: ${key}`);

export const badType = (expected: 'map[string]interface {}' | '[]interface {}', value: unknown): StrategicMergeError =>
  new StrategicMergeError(`expected a ${expected}, but received a ${value === null ? '%!s(<nil>)' : typeOf(value)}`);

export const badDirective = (directive: unknown, map: unknown): StrategicMergeError =>
  new StrategicMergeError(`unknown patch type: ${printedAsText(directive)} in map: ${printed(map)}`);

/** `%s` of something that may be no string. */
function printedAsText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null ? '%!s(<nil>)' : `%!s(${typeOf(value)}=${printed(value)})`;
}
