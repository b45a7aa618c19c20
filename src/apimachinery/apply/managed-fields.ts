// metadata.managedFields: from the list that objects carry to managers and their sets, and back. Entries that did not change stay the
// very same objects, and a list of which no entry changed stays the same list.
//
// Follows k8s.io/apimachinery's managedfields/internal/managedfields.go.
import type { ManagedFieldsEntry } from '#api/meta/v1';
import { quote } from '../go-text.ts';
import { encodeJson } from '../json/encode.ts';
import type { ShallowMutable } from '../object.ts';
import { printed } from '../patch/go-print.ts';
import { goJson } from '../validation/field-error.ts';
import { decodeFieldsV1, encodeFieldsV1, FieldsV1Error } from './fields-v1.ts';
import { compareText } from './path-element.ts';
import type { Managers, VersionedSet } from './updater.ts';

export type ManagedFields = readonly ManagedFieldsEntry[];

export interface Managed {
  /** By identifier, see {@link managerIdentifier}. */
  readonly managers: Managers;
  /** When a manager last changed something; those without a time have none. A manager may be gone and its time still known. */
  readonly times: ReadonlyMap<string, string>;
}

export const NOTHING_MANAGED: Managed = { managers: new Map(), times: new Map() };

/** Thrown for entries that make no sense. */
export class ManagedFieldsError extends Error {
  override readonly name = 'ManagedFieldsError';
}

const decoded = new WeakMap<object, Managed>();

/** Throws {@link ManagedFieldsError}. */
export function decodeManagedFields(entries: ManagedFields | undefined): Managed {
  if (!entries || entries.length === 0) return NOTHING_MANAGED;
  let managed = decoded.get(entries);
  if (!managed) {
    managed = decode(entries);
    decoded.set(entries, managed);
  }
  return managed;
}

function decode(entries: ManagedFields): Managed {
  const managers = new Map<string, VersionedSet>();
  const times = new Map<string, string>();
  entries.forEach((entry, i) => {
    checkEntry(entry, i);
    const id = managerIdentifier(entry);
    const owned = decodeEntry(entry);
    if (encodeFieldsV1(owned.set) === entry.fieldsV1) forms.set(owned, { id, entry });
    managers.set(id, owned);
    if (entry.time) times.set(id, entry.time);
    else times.delete(id);
  });
  return { managers, times };
}

function checkEntry({ operation, apiVersion, fieldsType }: ManagedFieldsEntry, index: number): void {
  if (operation !== 'Apply' && operation !== 'Update') throw new ManagedFieldsError('operation must be `Apply` or `Update`');
  if (!apiVersion) throw new ManagedFieldsError('apiVersion must not be empty');
  if (!fieldsType) throw new ManagedFieldsError(`missing fieldsType in managed fields entry ${index}`);
  if (fieldsType !== 'FieldsV1') throw new ManagedFieldsError(`invalid fieldsType ${quote(fieldsType)} in managed fields entry ${index}`);
}

function decodeEntry(entry: ManagedFieldsEntry): VersionedSet {
  try {
    return { set: decodeFieldsV1(entry.fieldsV1), apiVersion: entry.apiVersion!, applied: entry.operation === 'Apply' };
  } catch (error) {
    if (!(error instanceof FieldsV1Error)) throw error;
    throw new ManagedFieldsError(`error decoding versioned set from ${printed(entry)}: error decoding set: ${error.message}`, {
      cause: error,
    });
  }
}

/** Who a manager is: all of its entry but time and fields; of appliers also not the version. */
export type ManagerId = Pick<ManagedFieldsEntry, 'manager' | 'operation' | 'apiVersion' | 'subresource'>;

/** The same few managers write all the time. Bounded, since clients choose the names. */
const MAX_CACHED_IDS = 4096;
const ids = new Map<string, ManagerId>();

/** What a manager is told apart by. */
export function managerIdentifier({ manager, operation, apiVersion, subresource }: ManagerId): string {
  return goJson({
    ...(manager ? { manager } : {}),
    ...(operation ? { operation } : {}),
    ...(apiVersion && operation !== 'Apply' ? { apiVersion } : {}),
    ...(subresource ? { subresource } : {}),
  });
}

/** The parts of an identifier. */
export function identified(id: string): ManagerId {
  let parts = ids.get(id);
  if (!parts) {
    if (ids.size >= MAX_CACHED_IDS) ids.clear();
    ids.set(id, (parts = JSON.parse(id) as ManagerId));
  }
  return parts;
}

/** The entry that says what a set says, where there is one already. */
const forms = new WeakMap<VersionedSet, { readonly id: string; readonly entry: ManagedFieldsEntry }>();

/**
 * @param before the list that the object had; the result is the same where it says the same
 * @returns undefined where nobody owns anything
 */
export function encodeManagedFields(managed: Managed, before?: ManagedFields): ManagedFields | undefined {
  const { managers, times } = managed;
  if (managers.size === 0) return undefined;
  const entries = Array.from(managers, ([id, owned]) => encodeEntry(id, owned, times.get(id)));
  entries.sort(compareEntries);
  if (before?.length === entries.length && entries.every((entry, i) => entry === before[i])) return before;
  decoded.set(entries, managed);
  return entries;
}

function encodeEntry(id: string, owned: VersionedSet, time: string | undefined): ManagedFieldsEntry {
  const form = forms.get(owned);
  if (form?.id === id && form.entry.time === time) return form.entry;
  const { manager, operation, subresource } = identified(id);
  const entry: ShallowMutable<ManagedFieldsEntry> = {};
  if (manager) entry.manager = manager;
  entry.operation = owned.applied ? 'Apply' : operation!;
  entry.apiVersion = owned.apiVersion;
  if (time) entry.time = time;
  entry.fieldsType = 'FieldsV1';
  entry.fieldsV1 = encodeFieldsV1(owned.set);
  if (subresource) entry.subresource = subresource;
  forms.set(owned, { id, entry });
  return entry;
}

/** Appliers first, then by time in seconds, manager, version and subresource. */
function compareEntries(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  return (
    compareText(a.operation ?? '', b.operation ?? '') ||
    compareText(a.time ?? '', b.time ?? '') ||
    compareText(a.manager ?? '', b.manager ?? '') ||
    compareText(a.apiVersion ?? '', b.apiVersion ?? '') ||
    compareText(a.subresource ?? '', b.subresource ?? '')
  );
}

/**
 * Whether a list may stand in an object; admission plugins may have changed it. @returns what is wrong, for the warning
 * `.metadata.managedFields was in an invalid state after admission; ...: <what>`
 */
export function invalidManagedFields(entries: ManagedFields | undefined): string | undefined {
  try {
    decodeManagedFields(entries);
    return undefined;
  } catch (error) {
    if (error instanceof ManagedFieldsError) return error.message;
    throw error;
  }
}

/** A list that asks for all to be forgotten: `[]`, or one entry that says nothing. */
export function isReset(entries: ManagedFields | undefined): boolean {
  return entries !== undefined && (entries.length === 0 || (entries.length === 1 && encodeJson(entries[0]) === '{}'));
}
