// Errors as an API server answers them: each wraps a metav1.Status with the code, reason, wording and causes of k8s.io/apimachinery's
// api/errors. Constructors and predicates come in pairs.
import type { Status, StatusCause, StatusDetails } from '#api/meta/v1';
import { quote } from './go-text.ts';
import { groupResource } from './object.ts';
import { fieldErrorText, type FieldError } from './validation/field-error.ts';

export type StatusReason =
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Invalid'
  | 'ServerTimeout'
  | 'StoreReadError'
  | 'Timeout'
  | 'TooManyRequests'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'InternalError'
  | 'Expired'
  | 'ServiceUnavailable'
  | '';

export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: Status;
  /** What the server warned of before it refused. */
  warnings: readonly string[] = [];

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? 'unknown', options);
    this.status = status;
  }

  get code(): number {
    return this.status.code ?? 0;
  }

  get reason(): string {
    return this.status.reason ?? '';
  }
}

export interface StatusParts {
  readonly code: number;
  readonly reason: StatusReason;
  readonly message: string;
  readonly details?: StatusDetails;
}

/** Any Status of failure; the constructors below are for the usual ones. */
export function statusError({ code, reason, message, details }: StatusParts, options?: ErrorOptions): StatusError {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason ? { reason } : {}),
    ...(details ? { details: tidy(details) } : {}),
    code,
  };
  return new StatusError(status as Status, options);
}

/** Empty fields are left out, as in Go. */
const tidy = (details: StatusDetails): StatusDetails =>
  Object.fromEntries(
    Object.entries(details).filter(([, v]) => v !== '' && v !== 0 && v !== undefined && !(Array.isArray(v) && v.length === 0)),
  );

/** A resource for messages: group and plural. */
export interface Qualified {
  readonly group: string;
  readonly resource: string;
}

const about = ({ group, resource }: Qualified, name: string): StatusDetails => ({ name, group, kind: resource });
const text = ({ group, resource }: Qualified): string => groupResource(group, resource);

export const notFoundError = (resource: Qualified, name: string): StatusError =>
  statusError({ code: 404, reason: 'NotFound', message: `${text(resource)} ${quote(name)} not found`, details: about(resource, name) });

export const alreadyExists = (resource: Qualified, name: string): StatusError =>
  statusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${text(resource)} ${quote(name)} already exists`,
    details: about(resource, name),
  });

export const conflict = (resource: Qualified, name: string, why: string): StatusError =>
  statusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${text(resource)} ${quote(name)}: ${why}`,
    details: about(resource, name),
  });

/** What a writer with an old resourceVersion is told. */
export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

export const unauthorized = (message = 'Unauthorized'): StatusError => statusError({ code: 401, reason: 'Unauthorized', message });

/** @param resource undefined for what is no resource */
export function forbiddenError(
  resource: Qualified | undefined,
  name: string,
  why: string,
  causes: readonly StatusCause[] = [],
): StatusError {
  const empty = !resource || (resource.group === '' && resource.resource === '');
  const message = empty
    ? `forbidden: ${why}`
    : name === ''
      ? `${text(resource)} is forbidden: ${why}`
      : `${text(resource)} ${quote(name)} is forbidden: ${why}`;
  const details = { ...(resource ? about(resource, name) : {}), causes };
  return statusError({ code: 403, reason: 'Forbidden', message, details });
}

export const badRequest = (message: string): StatusError => statusError({ code: 400, reason: 'BadRequest', message });

export const methodNotSupported = (resource: Qualified, action: string): StatusError =>
  statusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: `${action} is not supported on resources of kind ${quote(text(resource))}`,
    details: about(resource, ''),
  });

export const resourceExpired = (message: string): StatusError => statusError({ code: 410, reason: 'Expired', message });

export const unsupportedMediaType = (message: string): StatusError => statusError({ code: 415, reason: 'UnsupportedMediaType', message });

export const notAcceptable = (message: string): StatusError => statusError({ code: 406, reason: 'NotAcceptable', message });

/** @param kind group and kind of the object, for the message */
export function invalidError(
  kind: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const causes = errors.map((e) => ({ reason: e.reason, message: e.body, field: e.field }));
  const texts = [...new Set(errors.map(fieldErrorText))];
  const why = texts.length === 0 ? '' : texts.length === 1 ? `: ${texts[0]}` : `: [${texts.join(', ')}]`;
  return statusError({
    code: 422,
    reason: 'Invalid',
    message: `${groupResource(kind.group, kind.kind)} ${quote(name)} is invalid${why}`,
    details: { name, group: kind.group, kind: kind.kind, causes },
  });
}

/** @param retryAfterSeconds 0: not said */
export const tooManyRequests = (message: string, retryAfterSeconds: number, causes: readonly StatusCause[] = []): StatusError =>
  statusError({ code: 429, reason: 'TooManyRequests', message, details: { causes, retryAfterSeconds } });

export const internalServerError = (message: string, cause?: unknown): StatusError =>
  statusError(
    { code: 500, reason: 'InternalError', message: `Internal error occurred: ${message}`, details: { causes: [{ message }] } },
    cause === undefined ? undefined : { cause },
  );

export const serverTimeout = (resource: Qualified, operation: string, retryAfterSeconds: number): StatusError =>
  statusError({
    code: 500,
    reason: 'ServerTimeout',
    message: `The ${operation} operation against ${text(resource)} could not be completed at this time, please try again.`,
    details: { ...about(resource, operation), retryAfterSeconds },
  });

export const timeoutError = (message: string, retryAfterSeconds: number, causes: readonly StatusCause[] = []): StatusError =>
  statusError({ code: 504, reason: 'Timeout', message: `Timeout: ${message}`, details: { causes, retryAfterSeconds } });

export const requestEntityTooLarge = (message: string): StatusError =>
  statusError({ code: 413, reason: 'RequestEntityTooLarge', message: `Request entity too large: ${message}` });

export const serviceUnavailable = (message: string): StatusError => statusError({ code: 503, reason: 'ServiceUnavailable', message });

/** Every field that another manager owns and that the apply would change is a cause that names the manager. */
export const applyConflict = (causes: readonly StatusCause[], message: string): StatusError =>
  statusError({ code: 409, reason: 'Conflict', message, details: { causes } });

const has =
  (reason: StatusReason) =>
  (error: unknown): error is StatusError =>
    error instanceof StatusError && error.reason === reason;

export const isNotFound = has('NotFound');
export const isAlreadyExists = has('AlreadyExists');
export const isConflict = has('Conflict');
export const isForbidden = has('Forbidden');
export const isInvalid = has('Invalid');
export const isBadRequest = has('BadRequest');
export const isExpired = has('Expired');
export const isTooManyRequests = has('TooManyRequests');
export const isMethodNotSupported = has('MethodNotAllowed');

/** The namespace is on its way out: nothing new may be made in it. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  isForbidden(error) && (error.status.details?.causes ?? []).some((c) => c.reason === 'NamespaceTerminating');
