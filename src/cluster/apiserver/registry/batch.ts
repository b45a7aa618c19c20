// The resources of API group batch.
import type { CronJob, Job } from '#api/batch/v1';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { Path } from '../../../apimachinery/validation/field-error.ts';
import { setCronJobDefaults, setJobDefaults } from '../defaults/job.ts';
import { defaulting, define, typed, type DraftOf, type TypedStrategy } from '../generic/define.ts';
import { bumpGeneration } from '../generic/generation.ts';
import type { Draft, ResourceDefinition, Strategy } from '../generic/resource-definition.ts';
import { keep } from '../generic/status-strategy.ts';
import { prepareTemplateCreate, prepareTemplateUpdate } from '../generic/template-strategy.ts';
import { templateWithoutDisabledFields } from '../pod/disabled-fields.ts';
import { cronJobColumns, jobColumns } from '../tables/job.ts';
import { validateCronJob, validateCronJobUpdate } from '../validation/cron-job.ts';
import {
  CONTROLLER_UID,
  JOB_NAME,
  LEGACY_CONTROLLER_UID,
  LEGACY_JOB_NAME,
  validateJob,
  validateJobStatusUpdate,
  validateJobUpdate,
} from '../validation/job.ts';
import { validateCoreObjectMetaUpdate } from '../validation/object-meta.ts';
import { nameWarnings, podTemplateWarnings } from '../warnings/pod.ts';

const TEMPLATE = Path.of('spec', 'template');
const JOB_TEMPLATE = Path.of('spec', 'jobTemplate', 'spec', 'template');

const draft = (object: object): Draft => object as Draft;
const stored = (object: object): KubernetesObject => object as KubernetesObject;

const jobStrategy: TypedStrategy<Job> = {
  allowUnconditionalUpdate: true,
  defaultGarbageCollection: 'orphan',
  warningOnDefaultDelete:
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  resetFields: [['status']],
  prepareForCreate(job) {
    if (!job.spec.manualSelector) generateSelector(job);
    prepareTemplateCreate(draft(job));
  },
  validate: (job) => validateJob(job),
  warningsOnCreate: ({ metadata, spec }) => [...nameWarnings(metadata), ...podTemplateWarnings(spec.template, TEMPLATE)],
  prepareForUpdate(job, old) {
    prepareTemplateUpdate(draft(job), stored(old));
  },
  validateUpdate: validateJobUpdate,
  canonicalize: takeTemplateLabels,
};

/** By the uid of the Job, so that no other Job's pods are ever taken for its own. What the client has set stays, and may be refused. */
function generateSelector(job: DraftOf<Job>): void {
  const { uid = '', name = '' } = job.metadata;
  const { spec } = job;
  const { template, selector } = spec;
  const labels = {
    [LEGACY_JOB_NAME]: name,
    [JOB_NAME]: name,
    [LEGACY_CONTROLLER_UID]: uid,
    [CONTROLLER_UID]: uid,
    ...template.metadata?.labels,
  };
  // labels that defaulting took from the template are still the template's own
  if (job.metadata.labels && job.metadata.labels === template.metadata?.labels) job.metadata.labels = labels;
  job.spec = {
    ...spec,
    selector: { ...selector, matchLabels: { [CONTROLLER_UID]: uid, ...selector?.matchLabels } },
    template: { ...template, metadata: { ...template.metadata, labels } },
  };
}

/** A Job without labels has those of its pods: it is defaulted again when it is read back. */
function takeTemplateLabels(job: DraftOf<Job>): void {
  const labels = job.spec.template.metadata?.labels;
  if (labels && !Object.keys(job.metadata.labels ?? {}).length) job.metadata.labels = labels;
}

const cronJobStrategy: TypedStrategy<CronJob> = {
  allowUnconditionalUpdate: true,
  resetFields: [['status']],
  prepareForCreate(job) {
    job.status = {};
    job.metadata.generation = 1;
    dropDisabledFields(job, undefined);
  },
  validate: validateCronJob,
  warningsOnCreate: (job) => [...nameWarnings(job.metadata), ...cronJobWarnings(job)],
  prepareForUpdate(job, old) {
    keep(job, old, 'status');
    dropDisabledFields(job, old);
    bumpGeneration(draft(job), stored(old));
  },
  validateUpdate: validateCronJobUpdate,
  warningsOnUpdate: (job, old) => (job.metadata.generation === old.metadata.generation ? [] : cronJobWarnings(job)),
};

function dropDisabledFields(job: DraftOf<CronJob>, old: CronJob | undefined): void {
  const { jobTemplate } = job.spec;
  if (!jobTemplate.spec) return;
  const template = templateWithoutDisabledFields(jobTemplate.spec.template, old?.spec.jobTemplate.spec?.template);
  if (template !== jobTemplate.spec.template)
    job.spec = { ...job.spec, jobTemplate: { ...jobTemplate, spec: { ...jobTemplate.spec, template } } };
}

function cronJobWarnings({ spec }: CronJob): string[] {
  const warnings = spec.jobTemplate.spec ? podTemplateWarnings(spec.jobTemplate.spec.template, JOB_TEMPLATE) : [];
  if (spec.schedule.includes('TZ'))
    warnings.push(
      'CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
    );
  return warnings;
}

function statusOf<T extends { readonly metadata: object }>(validateUpdate: NonNullable<TypedStrategy<T>['validateUpdate']>): Strategy {
  return typed<T>({
    allowUnconditionalUpdate: true,
    resetFields: [['spec']],
    prepareForUpdate: (object, old) => keep(object, old, 'spec'),
    validateUpdate,
  });
}

export function batchResources(): ResourceDefinition[] {
  return [
    define('batch', 'cronjobs', {
      shortNames: ['cj'],
      categories: ['all'],
      versions: { v1: defaulting<CronJob>(setCronJobDefaults) },
      strategy: typed(cronJobStrategy),
      subresources: {
        status: {
          strategy: statusOf<CronJob>((job, old) => validateCoreObjectMetaUpdate(job.metadata, old.metadata, Path.of('metadata'))),
        },
      },
      columns: cronJobColumns,
    }),
    define('batch', 'jobs', {
      categories: ['all'],
      versions: { v1: defaulting<Job>(setJobDefaults) },
      strategy: typed(jobStrategy),
      subresources: { status: { strategy: statusOf<Job>(validateJobStatusUpdate) } },
      columns: jobColumns,
      selectableFields: {
        names: ['status.successful'],
        read: (object) => ({ 'status.successful': String((object as unknown as Job).status?.succeeded ?? 0) }),
        refuse: (field) => `field label "${field}" not supported for Job`,
      },
    }),
  ];
}
