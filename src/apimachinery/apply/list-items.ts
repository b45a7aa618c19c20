// Which path element stands for an element of a list that is merged: its keys, with defaults where they are left out, or its value.
import { quote } from '../go-text.ts';
import { isObject } from '../object.ts';
import type { ListType } from './apply-schema.ts';
import { keyElement, valueElement, type KeyField, type PathElement } from './path-element.ts';

/** The element cannot be told apart from others. The text is structured-merge-diff's. */
export class ListItemError extends Error {
  override readonly name = 'ListItemError';
}

/** Of an element of a list that is not atomic. Throws {@link ListItemError}. */
export function itemElement(list: ListType, item: unknown): PathElement {
  if (list.atomic) throw new ListItemError('invalid indexing of non-associative list');
  return list.keys.length ? keyedItem(list, item) : setItem(item);
}

/** For lists that have been validated: what has no element of its own gets the empty key. */
export function knownItemElement(list: ListType, item: unknown): PathElement {
  try {
    return itemElement(list, item);
  } catch (error) {
    if (error instanceof ListItemError) return NO_ELEMENT;
    throw error;
  }
}

const NO_ELEMENT = keyElement([]);

function keyedItem(list: ListType, item: unknown): PathElement {
  if (item === null) throw new ListItemError('associative list with keys may not have a null element');
  if (!isObject(item)) throw new ListItemError('associative list with keys may not have non-map elements');
  const key: KeyField[] = [];
  for (const name of list.keys) {
    if (Object.hasOwn(item, name)) key.push({ name, value: item[name] });
    else {
      if (!list.element.map)
        throw new ListItemError(`couldn't find default value for ${name}: associative list may not have non-map types`);
      // without a default the key is shorter, which is a key of its own
      const value = list.element.map.fields.get(name)?.default;
      if (value !== undefined && value !== null) key.push({ name, value });
    }
  }
  if (key.length === 0) {
    throw new ListItemError(
      `associative list with keys has an element that omits all key fields [${list.keys.map(quote).join(' ')}] (and doesn't have default values for any key fields)`,
    );
  }
  return keyElement(key);
}

function setItem(item: unknown): PathElement {
  if (isObject(item)) throw new ListItemError("associative list without keys has an element that's a map type");
  if (Array.isArray(item)) throw new ListItemError('not supported: associative list with lists as elements');
  if (item === null) throw new ListItemError("associative list without keys has an element that's an explicit null");
  return valueElement(item);
}
