// Events, of both groups: the newer one is strict where the older must let through what it always has. Follows
// pkg/apis/core/validation/events.go.
import type { Event } from '#api/core/v1';
import { invalid, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { byteLength, isDNS1123Subdomain, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { check, checkQualifiedName } from './checks.ts';
import { PrintedInternal } from './internal-form.ts';
import { semanticEqual, validateCoreObjectMeta, validateCoreObjectMetaUpdate, validateImmutable } from './object-meta.ts';

const METADATA = Path.of('metadata');
const MAX_NOTE = 1024;
const MAX_TEXT = 128;

/** @param isStrict the event came by events.k8s.io */
function validateBasics(event: Event, isStrict: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const namespace = event.metadata.namespace ?? '';
  const involved = event.involvedObject?.namespace ?? '';
  const involvedAt = Path.of('involvedObject', 'namespace');
  const mismatch = (): number => errors.push(invalid(involvedAt, involved, 'does not match event.namespace'));
  if (event.eventTime === undefined || event.eventTime === null) {
    if (involved === '' ? namespace !== '' && namespace !== 'default' : namespace !== involved) mismatch();
  } else {
    if (involved === '' && namespace !== 'default' && namespace !== 'kube-system') mismatch();
    checkController(event.reportingComponent ?? '', Path.of(isStrict ? 'reportingController' : 'reportingComponent'), errors);
    for (const field of ['reportingInstance', 'action', 'reason'] as const) {
      const text = event[field] ?? '';
      if (text === '') errors.push(required(Path.of(field)));
      if (byteLength(text) > MAX_TEXT) errors.push(invalid(Path.of(field), '', `can have at most ${MAX_TEXT} characters`));
    }
    if (byteLength(event.message ?? '') > MAX_NOTE) errors.push(invalid(Path.of('message'), '', `can have at most ${MAX_NOTE} characters`));
  }
  check(isDNS1123Subdomain, namespace, Path.of('namespace'), errors);
  return errors;
}

function checkController(controller: string, field: Path, errors: FieldError[]): void {
  if (controller === '') errors.push(required(field));
  checkQualifiedName(controller, field, errors);
}

function checkSeries({ series }: Event, errors: FieldError[]): void {
  if (!series) return;
  if ((series.count ?? 0) < 2) errors.push(invalid(Path.of('series.count'), '', 'should be at least 2'));
  if (!series.lastObservedTime) errors.push(required(Path.of('series.lastObservedTime')));
}

export function validateEvent(event: Event, isStrict: boolean): FieldError[] {
  const errors = validateBasics(event, isStrict);
  if (!isStrict) return errors;
  errors.push(...validateCoreObjectMeta(event.metadata, true, nameIsDNSSubdomain, METADATA));
  checkSeries(event, errors);
  if (!event.eventTime) errors.push(required(Path.of('eventTime')));
  if (event.type !== 'Normal' && event.type !== 'Warning')
    errors.push(invalid(Path.of('type'), '', `has invalid value: ${event.type ?? ''}`));
  const unset = (field: string): number => errors.push(invalid(Path.of(field), '', 'needs to be unset'));
  if (event.firstTimestamp) unset('deprecatedFirstTimestamp');
  if (event.lastTimestamp) unset('deprecatedLastTimestamp');
  if (event.count) unset('deprecatedCount');
  if (event.source?.component || event.source?.host) unset('deprecatedSource');
  return errors;
}

export function validateEventUpdate(event: Event, old: Event, isStrict: boolean): FieldError[] {
  const errors = validateBasics(event, isStrict);
  if (!isStrict) return errors;
  errors.push(...validateCoreObjectMetaUpdate(event.metadata, old.metadata, METADATA));
  if (!semanticEqual(event.series, old.series)) checkSeries(event, errors);
  const kept = (value: unknown, before: unknown, name: string): number => errors.push(...validateImmutable(value, before, Path.of(name)));
  const reference = (value: object | undefined): unknown => value && new PrintedInternal('core/v1.ObjectReference', value);
  if (!semanticEqual(event.involvedObject, old.involvedObject)) kept(reference(event.involvedObject), null, 'involvedObject');
  kept(event.reason ?? '', old.reason ?? '', 'reason');
  kept(event.message ?? '', old.message ?? '', 'message');
  if (!semanticEqual(event.source ?? {}, old.source ?? {})) kept(new PrintedInternal('core/v1.EventSource', event.source), null, 'source');
  kept(event.firstTimestamp ?? null, old.firstTimestamp ?? null, 'firstTimestamp');
  kept(event.lastTimestamp ?? null, old.lastTimestamp ?? null, 'lastTimestamp');
  kept(event.count ?? 0, old.count ?? 0, 'count');
  kept(event.reportingInstance ?? '', old.reportingInstance ?? '', 'reportingInstance');
  kept(event.type ?? '', old.type ?? '', 'type');
  kept(event.eventTime ?? null, old.eventTime ?? null, 'eventTime');
  kept(event.action ?? '', old.action ?? '', 'action');
  if (!semanticEqual(event.related, old.related)) kept(reference(event.related) ?? null, 0, 'related');
  kept(event.reportingComponent ?? '', old.reportingComponent ?? '', 'reportingController');
  return errors;
}
