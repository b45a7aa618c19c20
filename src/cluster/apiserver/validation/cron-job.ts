// CronJobs. Follows pkg/apis/batch/validation.
import type { CronJob, CronJobSpec } from '#api/batch/v1';
import type { ObjectMeta } from '#api/meta/v1';
import { CronError, parseSchedule } from '../../../apimachinery/cron.ts';
import { invalid, notSupported, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { checkEnum, checkNonnegative } from './checks.ts';
import { validateJobTemplate } from './job.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate } from './object-meta.ts';
import { optionsFrom, TEMPLATE_OPTIONS, type PodValidationOptions } from './pod/options.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const TEMPLATE = Path.of('spec', 'jobTemplate');

/** A Job adds eleven characters to the name, and has 63. */
const MAX_NAME = 52;

export function validateCronJob({ metadata, spec }: CronJob): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  validateSpec(spec, undefined, errors, TEMPLATE_OPTIONS);
  // what is created may lack it
  const { name = '' } = metadata as ObjectMeta;
  if (name.length > MAX_NAME) errors.push(invalid(METADATA.child('name'), name, `must be no more than ${MAX_NAME} characters`));
  return errors;
}

export function validateCronJobUpdate({ metadata, spec }: CronJob, old: CronJob): FieldError[] {
  const template = old.spec.jobTemplate.spec?.template;
  const errors = validateCoreObjectMetaUpdate(metadata, old.metadata, METADATA);
  validateSpec(spec, old.spec, errors, optionsFrom(TEMPLATE_OPTIONS, template?.spec, template?.metadata));
  return errors;
}

function validateSpec(spec: CronJobSpec, old: CronJobSpec | undefined, errors: FieldError[], options: PodValidationOptions): void {
  if (!spec.schedule) errors.push(required(SPEC.child('schedule')));
  else checkSchedule(spec, old?.schedule.includes('TZ') === true, SPEC.child('schedule'), errors);
  checkNonnegative(spec.startingDeadlineSeconds, SPEC.child('startingDeadlineSeconds'), errors);
  if (spec.timeZone !== undefined && (!old || old.timeZone !== spec.timeZone)) checkTimeZone(spec.timeZone, SPEC.child('timeZone'), errors);
  checkEnum(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], SPEC.child('concurrencyPolicy'), errors);
  const job = spec.jobTemplate.spec;
  if (job) {
    const at = TEMPLATE.child('spec');
    validateJobTemplate(job, at, errors, options);
    if (job.selector) errors.push(invalid(at.child('selector'), job.selector, '`selector` will be auto-generated'));
    if (job.manualSelector) errors.push(notSupported(at.child('manualSelector'), true, ['nil', 'false']));
  }
  checkNonnegative(spec.successfulJobsHistoryLimit, SPEC.child('successfulJobsHistoryLimit'), errors);
  checkNonnegative(spec.failedJobsHistoryLimit, SPEC.child('failedJobsHistoryLimit'), errors);
}

/** @param allowZone the stored schedule names a zone: it may go on doing so */
function checkSchedule({ schedule, timeZone }: CronJobSpec, allowZone: boolean, field: Path, errors: FieldError[]): void {
  try {
    parseSchedule(schedule);
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    errors.push(invalid(field, schedule, error.message));
  }
  if (!schedule.includes('TZ')) return;
  if (!allowZone) errors.push(invalid(field, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  else if (timeZone !== undefined) errors.push(invalid(field, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'));
}

function checkTimeZone(timeZone: string, field: Path, errors: FieldError[]): void {
  if (timeZone === '') {
    errors.push(invalid(field, timeZone, 'timeZone must be nil or non-empty string'));
    return;
  }
  if (timeZone.toLowerCase() === 'local')
    errors.push(invalid(field, timeZone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'));
  else if (!isTimeZone(timeZone)) errors.push(invalid(field, timeZone, `unknown time zone ${timeZone}`));
}

function isTimeZone(name: string): boolean {
  // offsets are zones to the platform, not to Kubernetes
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
