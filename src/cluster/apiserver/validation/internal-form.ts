// How Kubernetes prints a struct of its internal types into an error: as JSON by Go's field names, with everything that is not there
// as null or zero. The internal types are those of the API but for a few that differ; those differences are here.
import { goJson, Printed } from '../../../apimachinery/validation/field-error.ts';
import type { JsonObject } from '../../../apimachinery/object.ts';
import type { Field, GoType, StructType } from '../../../apimachinery/schema/go-type.ts';
import { goType } from '../../../apimachinery/schema/schema.ts';

export class PrintedInternal extends Printed {
  /** @param typeName of the API's type: `core/v1.PodTemplateSpec` */
  constructor(typeName: string, value: unknown) {
    super(printInternal(typeName, value));
  }
}

export const printInternal = (typeName: string, value: unknown): string => {
  const type = goType(typeName);
  return print(type, value);
};

/** Fields that the internal type has in another order, or does not have at all: Go names, in order. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  'core/v1.PodSpec': [
    'Volumes',
    'InitContainers',
    'Containers',
    'EphemeralContainers',
    'RestartPolicy',
    'TerminationGracePeriodSeconds',
    'ActiveDeadlineSeconds',
    'DNSPolicy',
    'NodeSelector',
    'ServiceAccountName',
    'AutomountServiceAccountToken',
    'NodeName',
    'SecurityContext',
    'ImagePullSecrets',
    'Hostname',
    'Subdomain',
    'SetHostnameAsFQDN',
    'Affinity',
    'SchedulerName',
    'Tolerations',
    'HostAliases',
    'PriorityClassName',
    'Priority',
    'PreemptionPolicy',
    'DNSConfig',
    'ReadinessGates',
    'RuntimeClassName',
    'Overhead',
    'EnableServiceLinks',
    'TopologySpreadConstraints',
    'OS',
    'SchedulingGates',
    'ResourceClaims',
    'Resources',
    'HostnameOverride',
    'SchedulingGroup',
  ],
  'core/v1.ContainerPort': ['Name', 'HostPort', 'ContainerPort', 'Protocol', 'HostIP'],
  'core/v1.EnvVarSource': ['FieldRef', 'ResourceFieldRef', 'ConfigMapKeyRef', 'SecretKeyRef', 'FileKeyRef'],
};

/** Types of apimachinery are the same inside and outside: they keep their JSON names. */
const isShared = (type: StructType): boolean => type.name.startsWith('meta/v1.');

function print(type: GoType, value: unknown): string {
  switch (type.is) {
    case 'pointer':
      return value === undefined || value === null ? 'null' : print(type.elem, value);
    case 'slice':
      return Array.isArray(value) ? `[${value.map((v) => print(type.elem, v)).join(',')}]` : 'null';
    case 'map':
      return value
        ? `{${Object.keys(value)
            .sort()
            .map((key) => `${goJson(key)}:${print(type.elem, (value as JsonObject)[key])}`)
            .join(',')}}`
        : 'null';
    case 'scalar':
      if (value !== undefined && value !== null) return goJson(value);
      return type.base === 'string'
        ? '""'
        : type.base === 'bool'
          ? 'false'
          : type.base === 'bytes' || type.base === 'interface'
            ? 'null'
            : '0';
    case 'opaque':
      if (value !== undefined && value !== null) return goJson(value);
      return type.name === 'Quantity' ? '"0"' : type.name === 'IntOrString' ? '0' : 'null';
    case 'struct':
      return isShared(type) ? goJson(value ?? {}) : printStruct(type, (value ?? {}) as JsonObject);
  }
}

function printStruct(type: StructType, object: JsonObject): string {
  return `{${members(type, object).join(',')}}`;
}

function members(type: StructType, object: JsonObject): string[] {
  const order = FIELDS[type.name];
  const fields = order
    ? order.map((go) => type.declared.find((f) => f.go === go)).filter((f): f is Field => f !== undefined)
    : type.declared;
  return fields.flatMap((field) => member(type, field, object));
}

function member(type: StructType, field: Field, object: JsonObject): string[] {
  // metadata is embedded, and an embedded struct's fields are those of the struct around it
  if (field.go === 'ObjectMeta' && field.type.is === 'struct') {
    const meta = goJson(object['metadata'] ?? {});
    return meta === '{}' ? [] : [meta.slice(1, -1)];
  }
  if (field.json === '' && field.type.is === 'struct') return members(field.type, object);
  if (type.name === 'core/v1.PodSpec' && field.go === 'SecurityContext') return [`"SecurityContext":${podSecurityContext(field, object)}`];
  return [`${goJson(field.go)}:${print(field.type, object[field.json])}`];
}

/** Internally the host's namespaces are part of the security context. */
function podSecurityContext(field: Field, spec: JsonObject): string {
  const own = print(field.type, spec['securityContext']);
  if (own === 'null') return own;
  const host = ['hostNetwork', 'hostPID', 'hostIPC'].map((name) => `"${name[0]!.toUpperCase()}${name.slice(1)}":${spec[name] === true}`);
  const pointers = ['shareProcessNamespace', 'hostUsers'].map(
    (name) => `"${name[0]!.toUpperCase()}${name.slice(1)}":${spec[name] === undefined ? 'null' : spec[name] === true}`,
  );
  return `{${[...host, ...pointers].join(',')},${own.slice(1)}`;
}
