// ConfigMaps and Secrets. Follows ValidateConfigMap and ValidateSecret of pkg/apis/core/validation.
import { goKindOf } from '../../../apimachinery/json/go-kind.ts';
import { JsonSyntaxError, parseJson } from '../../../apimachinery/json/parse.ts';
import type { ConfigMap, Secret } from '#api/core/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import { forbidden, invalid, Path, required, tooLong, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { byteLength, isConfigMapKey, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { check } from './checks.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate } from './object-meta.ts';

const METADATA = Path.of('metadata');
const DATA = Path.of('data');
/** 1 MiB, of all values together. */
const MAX_SIZE = 1024 * 1024;
const IMMUTABLE = 'field is immutable when `immutable` is set';

/** How many bytes the base64 stands for. */
const decodedLength = (base64: string): number => Buffer.byteLength(base64, 'base64');

export function validateConfigMap({ metadata, data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    check(isConfigMapKey, key, DATA.key(key), errors);
    if (Object.hasOwn(binaryData, key)) errors.push(invalid(DATA.key(key), key, 'duplicate of key present in binaryData'));
    size += byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    check(isConfigMapKey, key, Path.of('binaryData').key(key), errors);
    size += decodedLength(value);
  }
  // upstream names no field: the object as a whole is too large
  if (size > MAX_SIZE) errors.push(tooLong(Path.of('[]'), MAX_SIZE));
  return errors;
}

export function validateConfigMapUpdate(configMap: ConfigMap, old: ConfigMap): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(configMap.metadata, old.metadata, METADATA);
  if (old.immutable) {
    if (!configMap.immutable) errors.push(forbidden(Path.of('immutable'), IMMUTABLE));
    if (!deepEqual(configMap.data, old.data)) errors.push(forbidden(DATA, IMMUTABLE));
    if (!deepEqual(configMap.binaryData, old.binaryData)) errors.push(forbidden(Path.of('binaryData'), IMMUTABLE));
  }
  return [...errors, ...validateConfigMap(configMap)];
}

export function validateSecret({ metadata, type, data = {} }: Secret): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    check(isConfigMapKey, key, DATA.key(key), errors);
    size += decodedLength(value);
  }
  if (size > MAX_SIZE) errors.push(tooLong(DATA, MAX_SIZE));
  errors.push(...typeRules(type, metadata, data));
  return errors;
}

type Data = Readonly<Record<string, string>>;

/** What Secrets of Kubernetes' own types must hold. */
function typeRules(type: string | undefined, { annotations = {} }: Secret['metadata'], data: Data): FieldError[] {
  const missing = (key: string): FieldError[] => (Object.hasOwn(data, key) ? [] : [required(DATA.key(key))]);
  switch (type) {
    case 'kubernetes.io/service-account-token':
      return annotations['kubernetes.io/service-account.name']
        ? []
        : [required(METADATA.child('annotations').key('kubernetes.io/service-account.name'))];
    case 'kubernetes.io/dockercfg':
      return dockerConfig('.dockercfg', data);
    case 'kubernetes.io/dockerconfigjson':
      return dockerConfig('.dockerconfigjson', data);
    case 'kubernetes.io/basic-auth':
      return Object.hasOwn(data, 'username') || Object.hasOwn(data, 'password') ? [] : [...missing('username'), ...missing('password')];
    case 'kubernetes.io/ssh-auth':
      return decodedLength(data['ssh-privatekey'] ?? '') > 0 ? [] : [required(DATA.key('ssh-privatekey'))];
    case 'kubernetes.io/tls':
      return [...missing('tls.crt'), ...missing('tls.key')];
    default:
      return [];
  }
}

function dockerConfig(key: string, data: Data): FieldError[] {
  if (!Object.hasOwn(data, key)) return [required(DATA.key(key))];
  try {
    const { value } = parseJson(Buffer.from(data[key]!, 'base64').toString());
    if (value === null || goKindOf(value) === 'object') return [];
    throw new JsonSyntaxError(`json: cannot unmarshal ${goKindOf(value)} into Go value of type map[string]interface {}`);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return [invalid(DATA.key(key), '<secret contents redacted>', error.message)];
    throw error;
  }
}

export function validateSecretUpdate(secret: Secret, old: Secret): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(secret.metadata, old.metadata, METADATA);
  if (secret.type !== old.type) errors.push(invalid(Path.of('type'), secret.type, 'field is immutable'));
  if (old.immutable) {
    if (!secret.immutable) errors.push(forbidden(Path.of('immutable'), IMMUTABLE));
    if (!deepEqual(secret.data, old.data)) errors.push(forbidden(DATA, IMMUTABLE));
  }
  return [...errors, ...validateSecret(secret)];
}

export function secretWarnings({ type, data = {} }: Secret): string[] {
  if (type !== 'kubernetes.io/tls') return [];
  const certificate = Buffer.from(data['tls.crt'] ?? '', 'base64').toString();
  return /-----BEGIN [A-Z ]+-----[\s\S]*-----END/.test(certificate) ? [] : ['tls: failed to find any PEM data in certificate input'];
}
