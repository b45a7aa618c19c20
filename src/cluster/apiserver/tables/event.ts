// The table of events. Follows pkg/printers/internalversion.
import type { Event } from '#api/core/v1';
import { age } from './ages.ts';
import { columnsOf, text, wide } from './columns-of.ts';
import { NAME } from './workload-cells.ts';

function sourceCell({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source?.component || reportingComponent;
  const host = source?.host || reportingInstance;
  return host ? `${component}, ${host}` : component;
}

export const eventColumns = columnsOf<Event>(
  [
    text('Last Seen', 'How long ago it was seen last.'),
    text('Type', 'Normal, or a warning.'),
    text('Reason', 'Short and for machines: why.'),
    text('Object', 'What it is about.'),
    wide('Subobject', 'Which part of the object.'),
    wide('Source', 'Who reports it.'),
    text('Message', 'What has happened.'),
    wide('First Seen', 'How long ago it was seen first.'),
    { name: 'Count', type: 'string', description: 'How often it was seen.', priority: 1 },
    { ...NAME, priority: 1 },
  ],
  (event, now) => {
    const { involvedObject, series } = event;
    const first = event.firstTimestamp ?? event.eventTime;
    const last = series?.lastObservedTime ?? event.lastTimestamp ?? first;
    const object = involvedObject.name
      ? `${(involvedObject.kind ?? '').toLowerCase()}/${involvedObject.name}`
      : (involvedObject.kind ?? '').toLowerCase();
    return [
      age(last, now),
      event.type ?? '',
      event.reason ?? '',
      object,
      involvedObject.fieldPath ?? '',
      sourceCell(event),
      (event.message ?? '').trim(),
      age(first, now),
      series?.count ?? (event.count || 1),
      event.metadata.name!,
    ];
  },
);
