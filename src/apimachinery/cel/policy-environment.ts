// What the expressions of admission policies and webhooks may use, and how they are compiled. Follows pkg/admission/plugin/cel/compile.go
// and composition.go of k8s.io/apiserver.
import { BOOL, type CelType, DYN, INT, listType, mapType, NULL, sameType, STRING, structType, TIMESTAMP } from './cel-type.ts';
import type { Checked } from './checker.ts';
import type { Environment, FieldTypes } from './environment.ts';
import { baseEnvironment, compile } from './kubernetes.ts';
import { AUTHORIZER_TYPE, RESOURCE_CHECK_TYPE } from './library/authorizer.ts';
import { jsonPatchFunctions, mutationTypes } from './library/mutation.ts';

export const ADMISSION_REQUEST = 'kubernetes.AdmissionRequest';
export const NAMESPACE_TYPE = 'kubernetes.Namespace';
export const VARIABLES_TYPE = 'kubernetes.variables';

const TEXTS = listType(STRING);
const GVK = { group: STRING, version: STRING, kind: STRING };
const GVR = { group: STRING, version: STRING, resource: STRING };

const OBJECT_TYPES: Readonly<Record<string, Readonly<Record<string, CelType>>>> = {
  'kubernetes.GroupVersionKind': GVK,
  'kubernetes.GroupVersionResource': GVR,
  'kubernetes.UserInfo': { username: STRING, uid: STRING, groups: TEXTS, extra: mapType(STRING, TEXTS) },
  [ADMISSION_REQUEST]: {
    kind: structType('kubernetes.GroupVersionKind'),
    resource: structType('kubernetes.GroupVersionResource'),
    subResource: STRING,
    requestKind: structType('kubernetes.GroupVersionKind'),
    requestResource: structType('kubernetes.GroupVersionResource'),
    requestSubResource: STRING,
    name: STRING,
    namespace: STRING,
    operation: STRING,
    userInfo: structType('kubernetes.UserInfo'),
    dryRun: BOOL,
    options: DYN,
  },
  [NAMESPACE_TYPE]: {
    metadata: structType('kubernetes.NamespaceMetadata'),
    spec: structType('kubernetes.NamespaceSpec'),
    status: structType('kubernetes.NamespaceStatus'),
  },
  'kubernetes.NamespaceMetadata': {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: mapType(STRING, STRING),
    annotations: mapType(STRING, STRING),
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: TEXTS,
  },
  'kubernetes.NamespaceSpec': { finalizers: TEXTS },
  'kubernetes.NamespaceStatus': { conditions: listType(structType('kubernetes.NamespaceCondition')), phase: STRING },
  'kubernetes.NamespaceCondition': { status: STRING, type: STRING, lastTransitionTime: TIMESTAMP, message: STRING, reason: STRING },
};

const fieldsOf =
  (fields: Readonly<Record<string, CelType>>): FieldTypes =>
  (field) =>
    Object.hasOwn(fields, field) ? fields[field] : undefined;

const builtinTypes = (name: string): FieldTypes | undefined =>
  Object.hasOwn(OBJECT_TYPES, name) ? fieldsOf(OBJECT_TYPES[name]!) : undefined;

/** Which variables an expression has besides object, oldObject, namespaceObject and request. */
export interface PolicyVariables {
  readonly params?: boolean;
  readonly authorizer?: boolean;
  /** The types of mutations. */
  readonly patchTypes?: boolean;
  /** Types other than dyn: for warnings about what does not fit the kinds that a policy matches. */
  readonly object?: CelType;
  readonly paramsType?: CelType;
}

const common = baseEnvironment.with(
  { namespaceObject: structType(NAMESPACE_TYPE), request: structType(ADMISSION_REQUEST), object: DYN, oldObject: DYN },
  builtinTypes,
);
const withPatchTypes = common.withFunctions(jsonPatchFunctions).with({}, mutationTypes);

export function policyEnvironment({ params, authorizer, patchTypes, object, paramsType = DYN }: PolicyVariables): Environment {
  return (patchTypes ? withPatchTypes : common).with({
    ...(object ? { object, oldObject: object } : {}),
    ...(params ? { params: paramsType } : {}),
    ...(authorizer ? { authorizer: AUTHORIZER_TYPE, 'authorizer.requestResource': RESOURCE_CHECK_TYPE } : {}),
  });
}

export type PolicyCompiled = { readonly ok: true; readonly checked: Checked } | { readonly ok: false; readonly message: string };

export const BOOLEAN: readonly CelType[] = [BOOL];
export const TEXT: readonly CelType[] = [STRING];
export const TEXT_OR_NULL: readonly CelType[] = [STRING, NULL];

const GO_NAMES: Readonly<Record<string, string>> = {
  null: 'null_type',
  timestamp: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
};

/** A type as Go prints it. */
function goType({ kind, name, params }: CelType): string {
  const own = GO_NAMES[kind] ?? name;
  return params.length && kind !== 'type' ? `${own}(${params.map(goType).join(', ')})` : own;
}

/** @param results the types that the expression may have; undefined: any */
export function compilePolicyExpression(text: string, environment: Environment, results: readonly CelType[] | undefined): PolicyCompiled {
  const compiled = compile(text, environment);
  if (!compiled.ok) return { ok: false, message: `compilation failed: ${compiled.message}` };
  const { type } = compiled.checked;
  if (!results || results.some((result) => sameType(result, type))) return compiled;
  const expected = results.length === 1 ? goType(results[0]!) : `one of [${results.map(goType).join(' ')}]`;
  return { ok: false, message: `must evaluate to ${expected} but got ${goType(type)}` };
}

/** The variables that a policy declares: each may use those before it. */
export class PolicyComposition {
  private readonly types = new Map<string, CelType>();
  readonly compiled = new Map<string, PolicyCompiled>();

  /** The environment with the variables so far. */
  extend(environment: Environment): Environment {
    const { types } = this;
    return environment.with({ variables: structType(VARIABLES_TYPE) }, (name) =>
      name === VARIABLES_TYPE ? (field) => types.get(field) : undefined,
    );
  }

  add(name: string, text: string, environment: Environment): PolicyCompiled {
    const compiled = compilePolicyExpression(text, this.extend(environment), undefined);
    this.types.set(name, compiled.ok ? declared(compiled.checked.type) : DYN);
    this.compiled.set(name, compiled);
    return compiled;
  }
}

/** Of a variable's type only what can be declared is kept. */
function declared(type: CelType): CelType {
  if (type.kind === 'list') return listType(declared(type.params[0]!));
  if (type.kind === 'map') return mapType(declared(type.params[0]!), declared(type.params[1]!));
  return ['struct', 'opaque', 'type', 'param', 'error'].includes(type.kind) ? DYN : type;
}
