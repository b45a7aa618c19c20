// Creating and updating objects: the order in which an object is prepared, checked, admitted and stored. Follows rest.BeforeCreate,
// rest.BeforeUpdate and the generic registry of k8s.io/apiserver. What makes the object (a body, a patch) is the handlers' affair.
import { asSent } from './as-sent.ts';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import {
  badRequest,
  conflict,
  invalidError,
  isAlreadyExists,
  notFoundError,
  statusError,
  type StatusError,
} from '../../../apimachinery/status-error.ts';
import { invalid, Path, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { formatTime } from '../../../apimachinery/time.ts';
import type { Random } from '../../../apimachinery/random.ts';
import type { AdmissionChain } from '../admission/admission.ts';
import type { RequestContext } from './context.ts';
import { storedForm } from './decode-object.ts';
import { objectKey, qualified, type ObjectStore } from './object-store.ts';
import type { Draft, Finish, Strategy } from './resource-definition.ts';
import { nameIsPathSegment } from '../../../apimachinery/validation/names.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.ts';
import { finishDeletion } from './delete.ts';

/** What writing needs of the server. */
export interface WriteParts {
  readonly objects: ObjectStore;
  readonly admission: AdmissionChain;
  readonly random: Random;
  /** Throws a StatusError unless the user may create the object: PUT and apply may turn out to create. */
  readonly authorizeCreate: (context: RequestContext) => Promise<void>;
}

const METADATA = Path.of('metadata');

/** A generated name takes five characters of the 63 that a label has. */
const MAX_GENERATED_BASE = 58;
const MAX_GENERATE_ATTEMPTS = 8;

const noFinish: Finish = () => {};

/** Clients must not set these. */
export function wipeSystemFields(object: Draft): void {
  const { metadata } = object;
  delete metadata.creationTimestamp;
  delete metadata.uid;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

/** The namespace of the URL counts; an object may name it, or none. */
export function checkNamespace(object: Draft, requestNamespace: string): void {
  const given = object.metadata.namespace ?? '';
  if (given === requestNamespace) return;
  if (requestNamespace === '') delete object.metadata.namespace;
  else if (given === '') object.metadata.namespace = requestNamespace;
  else throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** The name of the object must be that of the URL. */
export function checkName(object: Draft, context: RequestContext): void {
  const { name, namespace } = context.request;
  const { name: own, namespace: ownNamespace } = object.metadata;
  if (!own) throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (own !== name) throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`);
  if (namespace && ownNamespace && ownNamespace !== namespace)
    throw badRequest(`the namespace of the object (${ownNamespace}) does not match the namespace on the request (${namespace})`);
}

function invalidObject(context: RequestContext, object: Draft, errors: readonly FieldError[]): StatusError {
  const { definition, version } = context.served;
  return invalidError({ group: definition.internalGroup ?? definition.group, kind: version.kind }, object.metadata.name ?? '', errors);
}

/** @param make gives the object afresh for each attempt at a generated name */
export async function createObject(context: RequestContext, make: () => Draft, parts: WriteParts): Promise<KubernetesObject> {
  for (let attempt = 1; ; attempt++) {
    const object = make();
    const generated = !object.metadata.name && Boolean(object.metadata.generateName);
    try {
      return await createOnce(context, object, parts);
    } catch (error) {
      if (!generated || !isAlreadyExists(error)) throw error;
      if (attempt < MAX_GENERATE_ATTEMPTS) continue;
      throw generateNameConflict(context, object.metadata.name ?? '');
    }
  }
}

function generateNameConflict(context: RequestContext, name: string): StatusError {
  const { definition } = context.served;
  const { group, resource } = definition;
  return statusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${group ? `${resource}.${group}` : resource} "${name}" already exists, the server was not able to generate a unique name for the object`,
    details: { name, group, kind: resource, retryAfterSeconds: 1 },
  });
}

async function createOnce(context: RequestContext, object: Draft, parts: WriteParts): Promise<KubernetesObject> {
  const { definition } = context.served;
  const { metadata } = object;
  fillSystemFields(object, context, parts.random);
  if (!metadata.name && metadata.generateName) metadata.name = metadata.generateName.slice(0, MAX_GENERATED_BASE) + parts.random.suffix();
  const finish = (await definition.strategy.beginCreate?.(object, context)) ?? noFinish;
  let stored = false;
  try {
    beforeCreate(context, object, definition.strategy);
    await parts.admission.validate(context.admissionAttributes('CREATE', metadata.name ?? '', object, undefined));
    checkNoVersion(metadata.resourceVersion, context);
    delete metadata.resourceVersion;
    const created = await parts.objects.create(storedForm(object, context) as unknown as KubernetesObject, context.dryRun);
    stored = !context.dryRun;
    return created;
  } finally {
    finish(stored);
  }
}

/** The store's own rule, which answers as if the server were at fault. A dry run does not come that far. */
function checkNoVersion(resourceVersion: string | undefined, context: RequestContext): void {
  if (context.dryRun || !/^0*[1-9]\d*$/.test(resourceVersion ?? '')) return;
  throw statusError({ code: 500, reason: '', message: 'resourceVersion should not be set on objects to be created' });
}

function fillSystemFields(object: Draft, context: RequestContext, random: Random): void {
  object.metadata.creationTimestamp = formatTime(context.now);
  object.metadata.uid = random.uuid();
}

function beforeCreate(context: RequestContext, object: Draft, strategy: Strategy): void {
  const { definition } = context.served;
  checkNamespace(object, definition.namespaced ? context.namespace : '');
  strategy.prepareForCreate?.(object, context);
  const asObject = object as unknown as KubernetesObject;
  const errors = strategy.validate?.(asSent(asObject, context.empties), context) ?? [];
  if (errors.length) throw invalidObject(context, object, errors);
  // after the kind's own rules, so that its more specific messages come first
  const metaErrors = validateObjectMeta(object.metadata, definition.namespaced, nameIsPathSegment, METADATA);
  if (metaErrors.length) throw invalidObject(context, object, metaErrors);
  for (const warning of strategy.warningsOnCreate?.(asObject, context) ?? []) context.warn(warning);
  strategy.canonicalize?.(object);
}

export interface UpdateRequest {
  /** Rules of the resource, or of the subresource that is written. */
  readonly strategy: Strategy;
  /** The uid that the client expects, if it says so. */
  readonly expectedUid?: string;
  /** Apply makes what is not there. */
  readonly forceAllowCreate?: boolean;
  /** Makes the new object from the old one: called again when another writer came between. */
  readonly change: (old: KubernetesObject | undefined) => Draft | Promise<Draft>;
}

/** The object as stored, and whether it was created. */
export async function updateObject(
  context: RequestContext,
  { strategy, expectedUid, forceAllowCreate = false, change }: UpdateRequest,
  parts: WriteParts,
): Promise<{ readonly object: KubernetesObject; readonly created: boolean }> {
  const { definition } = context.served;
  const { name, namespace } = context.request;
  let finish: Finish = noFinish;
  let emptied: { readonly object: Draft; readonly old: KubernetesObject } | undefined;
  try {
    const result = await parts.objects.update(namespace, name, context.dryRun, async (old) => {
      finish(false);
      finish = noFinish;
      emptied = undefined;
      if (expectedUid && old && old.metadata.uid !== expectedUid) throw uidMismatch(context, expectedUid, old);
      if (!old && !strategy.allowCreateOnUpdate && !forceAllowCreate) throw notFoundError(qualified(definition), name);
      const object = await change(old);
      if (!old) {
        await beforeCreateByUpdate(context, object, expectedUid, parts);
        return storedForm(object, context) as unknown as KubernetesObject;
      }
      checkResourceVersion(context, object, old, strategy, parts.objects);
      finish = (await strategy.beginUpdate?.(object, old, context)) ?? noFinish;
      beforeUpdate(context, object, old, strategy);
      await parts.admission.validate(context.admissionAttributes('UPDATE', name, object, old));
      if (isReleased(object, old, definition.strategy)) {
        emptied = { object, old };
        return 'unchanged';
      }
      return storedForm(object, context) as unknown as KubernetesObject;
    });
    finish(!context.dryRun);
    finish = noFinish;
    if (!emptied) return result;
    const { object, old } = emptied as { object: Draft; old: KubernetesObject };
    await finishDeletion(context, old, parts.objects);
    return { object: object as unknown as KubernetesObject, created: false };
  } finally {
    finish(false);
  }
}

function uidMismatch(context: RequestContext, expected: string, old: KubernetesObject): StatusError {
  const { definition } = context.served;
  const { name, namespace } = context.request;
  const key = objectKey(definition, namespace, name);
  return conflict(
    qualified(definition),
    name,
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${expected}, UID in object meta: ${old.metadata.uid}`,
  );
}

/** PUT or apply where there is nothing yet. */
async function beforeCreateByUpdate(
  context: RequestContext,
  object: Draft,
  expectedUid: string | undefined,
  parts: WriteParts,
): Promise<void> {
  const { definition } = context.served;
  if (expectedUid) {
    const key = objectKey(definition, context.request.namespace, context.request.name);
    const why = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${expectedUid}, UID in object meta: `;
    throw conflict(qualified(definition), context.request.name, why);
  }
  fillSystemFields(object, context, parts.random);
  const finish = (await definition.strategy.beginCreate?.(object, context)) ?? noFinish;
  let prepared = false;
  try {
    beforeCreate(context, object, definition.strategy);
    await parts.authorizeCreate(context);
    await parts.admission.validate(context.admissionAttributes('CREATE', object.metadata.name ?? '', object, undefined));
    delete object.metadata.resourceVersion;
    prepared = true;
  } finally {
    finish(prepared && !context.dryRun);
  }
}

/** Optimistic concurrency: who names a version must name the latest. */
function checkResourceVersion(
  context: RequestContext,
  object: Draft,
  old: KubernetesObject,
  strategy: Strategy,
  objects: ObjectStore,
): void {
  const given = object.metadata.resourceVersion ?? '';
  if (given !== '' && !/^\d+$/.test(given)) {
    const message = `strconv.ParseUint: parsing ${JSON.stringify(given)}: invalid syntax`;
    throw statusError({ code: 500, reason: '', message });
  }
  const version = BigInt(given || '0');
  if (version === 0n) {
    if (!strategy.allowUnconditionalUpdate) {
      const { group, resource } = objects.definition;
      const errors = [invalid(METADATA.child('resourceVersion'), 0, 'must be specified for an update')];
      throw invalidError({ group, kind: resource }, context.request.name, errors);
    }
    object.metadata.resourceVersion = old.metadata.resourceVersion;
  } else if (version !== BigInt(old.metadata.resourceVersion)) throw objects.modified(context.request.name);
}

function beforeUpdate(context: RequestContext, object: Draft, old: KubernetesObject, strategy: Strategy): void {
  const { definition } = context.served;
  const { metadata } = object;
  checkNamespace(object, definition.namespaced ? context.namespace : '');
  if (old.metadata.generation === undefined) delete metadata.generation;
  else metadata.generation = old.metadata.generation;
  strategy.prepareForUpdate?.(object, old, context);
  metadata.uid ??= old.metadata.uid;
  metadata.creationTimestamp = old.metadata.creationTimestamp;
  if (old.metadata.deletionTimestamp) metadata.deletionTimestamp = old.metadata.deletionTimestamp;
  if (old.metadata.deletionGracePeriodSeconds !== undefined)
    metadata.deletionGracePeriodSeconds ??= old.metadata.deletionGracePeriodSeconds;
  const errors = [
    ...validateObjectMeta(metadata, definition.namespaced, nameIsPathSegment, METADATA),
    ...validateObjectMetaUpdate(metadata, old.metadata, METADATA),
    ...(strategy.validateUpdate?.(asSent(object as unknown as KubernetesObject, context.empties), old, context) ?? []),
  ];
  if (errors.length) throw invalidObject(context, object, errors);
  for (const warning of strategy.warningsOnUpdate?.(object as unknown as KubernetesObject, old, context) ?? []) context.warn(warning);
  strategy.canonicalize?.(object);
}

/** The last finalizer is gone from an object whose time has come. */
function isReleased(object: Draft, old: KubernetesObject, strategy: Strategy): boolean {
  if (strategy.heldBack?.(object as unknown as KubernetesObject)) return false;
  if (object.metadata.finalizers?.length || !old.metadata.deletionTimestamp) return false;
  return (old.metadata.deletionGracePeriodSeconds ?? 0) === 0;
}
