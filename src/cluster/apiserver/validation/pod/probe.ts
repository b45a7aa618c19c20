// Probes and lifecycle hooks, and the actions that both are made of. Follows pkg/apis/core/validation.
import type { ExecAction, GRPCAction, HTTPGetAction, Lifecycle, Probe, SleepAction, TCPSocketAction } from '#api/core/v1';
import { forbidden, invalid, notSupported, required, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { isHTTPHeaderName } from '../../../../apimachinery/validation/names.ts';
import { checkNonnegative } from '../checks.ts';
import { checkPort, checkPortNumOrName } from './ports.ts';

interface Handler {
  readonly exec?: ExecAction;
  readonly httpGet?: HTTPGetAction;
  readonly tcpSocket?: TCPSocketAction;
  readonly grpc?: GRPCAction;
  readonly sleep?: SleepAction;
}

const SCHEMES = ['HTTP', 'HTTPS'];

/** @param gracePeriod of the pod, in seconds */
export function validateLifecycle(
  { postStart, preStop }: Lifecycle,
  gracePeriod: number | undefined,
  field: Path,
  errors: FieldError[],
): void {
  if (postStart) validateHandler(postStart, gracePeriod, field.child('postStart'), errors);
  if (preStop) validateHandler(preStop, gracePeriod, field.child('preStop'), errors);
}

export interface Probes {
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly startupProbe?: Probe;
}

export function validateProbes({ livenessProbe, readinessProbe, startupProbe }: Probes, field: Path, errors: FieldError[]): void {
  if (livenessProbe) {
    validateProbe(livenessProbe, field.child('livenessProbe'), errors);
    checkOneSuccess(livenessProbe, field.child('livenessProbe'), errors);
  }
  if (readinessProbe) {
    const at = field.child('readinessProbe');
    validateProbe(readinessProbe, at, errors);
    const seconds = readinessProbe.terminationGracePeriodSeconds;
    if (seconds !== undefined)
      errors.push(invalid(at.child('terminationGracePeriodSeconds'), seconds, 'must not be set for readinessProbes'));
  }
  if (startupProbe) {
    validateProbe(startupProbe, field.child('startupProbe'), errors);
    checkOneSuccess(startupProbe, field.child('startupProbe'), errors);
  }
}

/** A container is alive, or has started, at the first success. */
function checkOneSuccess({ successThreshold = 0 }: Probe, field: Path, errors: FieldError[]): void {
  if (successThreshold !== 1) errors.push(invalid(field.child('successThreshold'), successThreshold, 'must be 1'));
}

const COUNTS = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const;

function validateProbe(probe: Probe, field: Path, errors: FieldError[]): void {
  validateHandler(probe, undefined, field, errors);
  for (const name of COUNTS) if ((probe[name] ?? 0) < 0) checkNonnegative(probe[name], field.child(name), errors);
  const seconds = probe.terminationGracePeriodSeconds;
  if (seconds !== undefined && seconds <= 0)
    errors.push(invalid(field.child('terminationGracePeriodSeconds'), seconds, 'must be greater than 0'));
}

/** Exactly one action. The first one found is checked. */
function validateHandler(handler: Handler, gracePeriod: number | undefined, field: Path, errors: FieldError[]): void {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  let found = 0;
  const first = (name: string): boolean => {
    if (found++ === 0) return true;
    errors.push(forbidden(field.child(name), 'may not specify more than 1 handler type'));
    return false;
  };
  if (exec && first('exec') && !exec.command?.length) errors.push(required(field.child('exec', 'command')));
  if (httpGet && first('httpGet')) validateHttpGet(httpGet, field.child('httpGet'), errors);
  if (tcpSocket && first('tcpSocket')) checkPortNumOrName(tcpSocket.port, field.child('tcpSocket', 'port'), errors);
  if (grpc && first('grpc')) checkPort(grpc.port, field.child('grpc', 'port'), errors);
  if (sleep && first('sleep') && gracePeriod !== undefined && (sleep.seconds < 0 || sleep.seconds > gracePeriod))
    errors.push(
      invalid(field.child('sleep'), sleep.seconds, `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`),
    );
  if (found === 0) errors.push(required(field, 'must specify a handler type'));
}

function validateHttpGet({ path, port, scheme = '', httpHeaders = [] }: HTTPGetAction, field: Path, errors: FieldError[]): void {
  if (!path) errors.push(required(field.child('path')));
  checkPortNumOrName(port, field.child('port'), errors);
  if (!SCHEMES.includes(scheme)) errors.push(notSupported(field.child('scheme'), scheme, SCHEMES));
  for (const { name } of httpHeaders)
    for (const wrong of isHTTPHeaderName(name)) errors.push(invalid(field.child('httpHeaders'), name, wrong));
}
