// Events: one kind in two groups, whose objects lie in one place, in the form of the core group. Follows pkg/registry/core/event.
import type { Event } from '#api/core/v1';
import type { JsonObject, KubernetesObject } from '../../../apimachinery/object.ts';
import { define, typed } from '../generic/define.ts';
import type { Draft, ResourceDefinition, SelectableFields } from '../generic/resource-definition.ts';
import { eventColumns } from '../tables/event.ts';
import { validateEvent, validateEventUpdate } from '../validation/event.ts';

const TTL_SECONDS = 60 * 60;
const NEW_GROUP = 'events.k8s.io';

const strategyOf = (isStrict: boolean) =>
  typed<Event>({
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: true,
    validate: (event) => validateEvent(event, isStrict),
    validateUpdate: (event, old) => validateEventUpdate(event, old, isStrict),
  });

/** Field names of events.k8s.io, and those of the core group. */
const NAMES: readonly (readonly [string, string])[] = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
];
const TO_CORE = new Map(NAMES);
const FROM_CORE = new Map(NAMES.map(([ours, core]) => [core, ours]));

function renamed(object: JsonObject, names: ReadonlyMap<string, string>, apiVersion: string): JsonObject {
  const copy: JsonObject = {};
  for (const [key, value] of Object.entries(object)) copy[names.get(key) ?? key] = value;
  copy['apiVersion'] = apiVersion;
  return copy;
}

const selectableFields: SelectableFields = {
  names: [
    ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((name) => `involvedObject.${name}`),
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  read(object) {
    const { involvedObject, reason = '', reportingComponent, source, type = '' } = object as unknown as Event;
    const fields: Record<string, string> = { reason, reportingComponent, type, source: source?.component || reportingComponent };
    for (const name of ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const)
      fields[`involvedObject.${name}`] = involvedObject[name] ?? '';
    return fields;
  },
};

export function coreEvents(): ResourceDefinition {
  return define('', 'events', {
    shortNames: ['ev'],
    strategy: strategyOf(false),
    ttlSeconds: TTL_SECONDS,
    selectableFields,
    columns: eventColumns,
  });
}

export function eventsResources(): ResourceDefinition[] {
  return [
    define(NEW_GROUP, 'events', {
      shortNames: ['ev'],
      versions: {
        v1: {
          toStorage: (draft) => renamed(draft, TO_CORE, 'v1') as Draft,
          fromStorage: (stored) => renamed(stored as unknown as JsonObject, FROM_CORE, `${NEW_GROUP}/v1`) as unknown as KubernetesObject,
        },
      },
      strategy: strategyOf(true),
      ttlSeconds: TTL_SECONDS,
      selectableFields,
      internalGroup: '',
      columns: {
        ...eventColumns,
        cells: (event, now) =>
          eventColumns.cells(renamed(event as unknown as JsonObject, TO_CORE, 'v1') as unknown as KubernetesObject, now),
      },
    }),
  ];
}
