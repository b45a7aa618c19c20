// Containers: regular ones, init containers and sidecars, ephemeral ones. Follows pkg/apis/core/validation; what they are made of is in
// the files beside this one.
import type { Container, ContainerResizePolicy, ContainerRestartRule, EphemeralContainer, PodSpec } from '#api/core/v1';
import {
  duplicate,
  forbidden,
  invalid,
  notFound,
  notSupported,
  required,
  tooMany,
  type FieldError,
  type Path,
} from '../../../../apimachinery/validation/field-error.ts';
import { checkDNS1123Label, checkEnum } from '../checks.ts';
import { validateEnv, validateEnvFrom } from './env.ts';
import { validateVolumeDevices, validateVolumeMounts } from './mounts.ts';
import type { PodValidationOptions } from './options.ts';
import { checkHostPortConflicts, validateContainerPorts } from './ports.ts';
import { validateLifecycle, validateProbes } from './probe.ts';
import { validateContainerResources, type ClaimNames } from './resources.ts';
import { validateSecurityContext } from './security-context.ts';
import type { VolumesByName } from './volume.ts';

/** What containers of a pod need to know of it. */
export interface PodFacts {
  readonly spec: PodSpec;
  readonly volumes: VolumesByName;
  readonly claims: ClaimNames;
  readonly options: PodValidationOptions;
}

const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

export function validateContainers(pod: PodFacts, field: Path, errors: FieldError[]): void {
  const { containers } = pod.spec;
  if (!containers?.length) {
    errors.push(required(field));
    return;
  }
  const names = new Set<string>();
  containers.forEach((container, i) => {
    const at = field.index(i);
    validateCommon(container, pod, at, errors);
    if (names.has(container.name)) errors.push(duplicate(at.child('name'), container.name));
    names.add(container.name);
    validateRunning(container, pod, at, errors);
    validateRestartPolicy(container, at, errors);
  });
  checkHostPortConflicts(containers, field, errors);
}

/** What only those have that keep running: not plain init containers. */
function validateRunning(container: Container, { spec }: PodFacts, field: Path, errors: FieldError[]): void {
  if (container.lifecycle) validateLifecycle(container.lifecycle, spec.terminationGracePeriodSeconds, field.child('lifecycle'), errors);
  if (container.livenessProbe || container.readinessProbe || container.startupProbe) validateProbes(container, field, errors);
}

export function validateInitContainers(pod: PodFacts, field: Path, errors: FieldError[]): void {
  const { initContainers, containers } = pod.spec;
  if (!initContainers?.length) return;
  const names = new Set((containers ?? []).map((c) => c.name));
  initContainers.forEach((container, i) => {
    const at = field.index(i);
    validateCommon(container, pod, at, errors);
    validateRestartPolicy(container, at, errors);
    if (names.has(container.name)) errors.push(duplicate(at.child('name'), container.name));
    else if (container.name) names.add(container.name);
    // they run one by one, so each is checked by itself, and always under the first place
    checkHostPortConflicts([container], field, errors);
    if (container.restartPolicy === 'Always') {
      validateRunning(container, pod, at, errors);
      return;
    }
    for (const name of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
      if (container[name]) errors.push(forbidden(at.child(name), 'may not be set for init containers without restartPolicy=Always'));
    if (!pod.options.allowRestartToResizeInitContainers) checkResizesInPlace(container, at.child('resizePolicy'), errors);
  });
}

/** What runs once is not started again to be resized. */
function checkResizesInPlace({ resizePolicy }: Container, field: Path, errors: FieldError[]): void {
  resizePolicy?.forEach(({ restartPolicy }, i) => {
    if (restartPolicy === 'RestartContainer')
      errors.push(
        invalid(
          field.index(i).child('restartPolicy'),
          restartPolicy,
          "must not be set to 'RestartContainer' for non-sidecar initContainers",
        ),
      );
  });
}

function validateCommon(container: Container, pod: PodFacts, field: Path, errors: FieldError[]): void {
  const { name, image, ports, env, envFrom, volumeMounts, volumeDevices, resizePolicy, securityContext } = container;
  if (!name) errors.push(required(field.child('name')));
  else checkDNS1123Label(name, field.child('name'), errors);
  if (!image) errors.push(required(field.child('image')));
  checkEnum(container.terminationMessagePolicy, MESSAGE_POLICIES, field.child('terminationMessagePolicy'), errors);
  if (ports) validateContainerPorts(ports, field.child('ports'), errors);
  if (env) validateEnv(env, field.child('env'), errors);
  if (envFrom) validateEnvFrom(envFrom, field.child('envFrom'), errors);
  if (volumeMounts) validateVolumeMounts(container, pod.volumes, field.child('volumeMounts'), errors);
  if (volumeDevices) validateVolumeDevices(volumeDevices, volumeMounts ?? [], pod.volumes, field.child('volumeDevices'), errors);
  checkEnum(container.imagePullPolicy, PULL_POLICIES, field.child('imagePullPolicy'), errors);
  validateContainerResources(container.resources, pod.claims, field.child('resources'), errors, pod.options);
  if (resizePolicy) validateResizePolicy(resizePolicy, pod.spec.restartPolicy, field.child('resizePolicy'), errors);
  if (securityContext) validateSecurityContext(securityContext, pod.spec.hostUsers !== false, field.child('securityContext'), errors);
}

/** Errors are told of the list, but for repeated names. */
function validateResizePolicy(
  policies: readonly ContainerResizePolicy[],
  podRestartPolicy: string | undefined,
  field: Path,
  errors: FieldError[],
): void {
  const names = new Set<string>();
  policies.forEach(({ resourceName, restartPolicy }, i) => {
    if (names.has(resourceName)) errors.push(duplicate(field.index(i), resourceName));
    names.add(resourceName);
    checkEnum(resourceName, ['cpu', 'memory'], field, errors);
    checkEnum(restartPolicy, ['NotRequired', 'RestartContainer'], field, errors);
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired')
      errors.push(invalid(field, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
  });
}

const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;

/** A container's own policy, and its rules for particular exit codes. */
function validateRestartPolicy({ restartPolicy, restartPolicyRules: rules }: Container, field: Path, errors: FieldError[]): void {
  const at = field.child('restartPolicy');
  if (restartPolicy !== undefined && !['Always', 'Never', 'OnFailure'].includes(restartPolicy))
    errors.push(notSupported(at, restartPolicy, ['Always', 'Never', 'OnFailure']));
  if (!rules?.length) return;
  if (restartPolicy === undefined) errors.push(required(at, 'must specify restartPolicy when restart rules are used'));
  if (rules.length > MAX_RULES) errors.push(tooMany(field.child('restartPolicyRules'), rules.length, MAX_RULES));
  rules.forEach((rule, i) => validateRestartRule(rule, field.child('restartPolicyRules').index(i), errors));
}

function validateRestartRule({ action = '', exitCodes }: ContainerRestartRule, field: Path, errors: FieldError[]): void {
  if (action !== 'Restart' && action !== 'RestartAllContainers')
    errors.push(notSupported(field.child('action'), action, ['Restart', 'RestartAllContainers']));
  const at = field.child('exitCodes');
  if (!exitCodes) {
    errors.push(required(at, 'must be specified'));
    return;
  }
  const { operator = '', values = [] } = exitCodes;
  if (operator !== 'In' && operator !== 'NotIn') errors.push(notSupported(at.child('operator'), operator, ['In', 'NotIn']));
  if (values.length > MAX_EXIT_CODES) errors.push(tooMany(at.child('values'), values.length, MAX_EXIT_CODES));
}

/** What an ephemeral container may have: it comes to look at a pod, not to be part of its work. */
const EPHEMERAL_FIELDS = new Set([
  'name',
  'image',
  'command',
  'args',
  'workingDir',
  'env',
  'envFrom',
  'volumeMounts',
  'volumeDevices',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'imagePullPolicy',
  'securityContext',
  'stdin',
  'stdinOnce',
  'tty',
  'targetContainerName',
]);

export function validateEphemeralContainers(pod: PodFacts, field: Path, errors: FieldError[]): void {
  const { ephemeralContainers, containers, initContainers = [] } = pod.spec;
  if (!ephemeralContainers?.length) return;
  const others = new Set([...(containers ?? []), ...initContainers].map((c) => c.name));
  const names = new Set(others);
  const refusal = 'cannot be set for an Ephemeral Container';
  ephemeralContainers.forEach((container: EphemeralContainer, i) => {
    const at = field.index(i);
    validateCommon(container, pod, at, errors);
    checkImageSpace(container, at, errors);
    if (names.has(container.name)) errors.push(duplicate(at.child('name'), container.name));
    names.add(container.name);
    if (container.targetContainerName && !others.has(container.targetContainerName))
      errors.push(notFound(at.child('targetContainerName'), container.targetContainerName));
    for (const [name, value] of Object.entries(container))
      if (!EPHEMERAL_FIELDS.has(name) && !(name === 'resources' && Object.keys(value as object).length === 0))
        errors.push(forbidden(at.child(name), refusal));
    container.volumeMounts?.forEach(({ subPath, subPathExpr }, j) => {
      const mount = at.child('volumeMounts').index(j);
      if (subPath) errors.push(forbidden(mount.child('subPath'), refusal));
      if (subPathExpr) errors.push(forbidden(mount.child('subPathExpr'), refusal));
    });
  });
}

/** Of pods only: templates have always been let through. */
export function checkImageSpace({ image = '' }: Container, field: Path, errors: FieldError[]): void {
  if (image.trim().length !== image.length)
    errors.push(invalid(field.child('image'), image, 'must not have leading or trailing whitespace'));
}
