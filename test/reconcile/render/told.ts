// What was loaded, as text: a line for each object, error and warning.
import type { ManifestError } from '../../../src/reconcile/render/manifest-error.ts';
import type { Manifests } from '../../../src/reconcile/render/manifests.ts';

export function told({ manifests, errors, warnings }: Manifests): string {
  const objects = manifests.map(({ object, origin }) => {
    const { name, generateName, namespace } = object.metadata;
    return `${origin.file}:${origin.line} ${object.kind} ${namespace ? `${namespace}/` : ''}${name ?? `${generateName}*`}`;
  });
  return [...objects, ...errors.map((error) => toldError('error', error)), ...warnings.map((error) => toldError('warning', error))]
    .map((line) => `${line}\n`)
    .join('');
}

export function toldError(severity: string, { file, line, column, path, message, value, hint }: ManifestError): string {
  return `${severity} ${file}:${line}:${column}: ${path ? `${path}: ` : ''}${message}${value === undefined ? '' : ` (${value})`}${hint ? ` | ${hint}` : ''}`;
}
