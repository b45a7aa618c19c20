// What the definition of an app says of the chart that it is read from: `helm`, in the shape of an Argo CD Application's, of jibe.yaml too.
import { isObject } from '../../apimachinery/object.ts';
import { writeYaml } from '../../apimachinery/yaml/write.ts';
import { NO_HELM_OPTIONS, type HelmOptions, type ValuesReference } from '../render/helm/chart-options.ts';
import type { ValuesFile } from '../render/helm/values.ts';
import { objectSchema, textSchema, textsSchema } from '../validate/file-schema.ts';
import type { Fields } from './fields.ts';

/** As jibe.yaml has it. */
export const HELM_SCHEMA = objectSchema({
  releaseName: textSchema,
  namespace: textSchema,
  valueFiles: textsSchema,
  ignoreMissingValueFiles: { type: 'boolean' },
  values: { anyOf: [{ type: 'object' }, { type: 'string' }] },
  valuesObject: { type: 'object' },
  parameters: {
    type: 'array',
    items: objectSchema({ name: textSchema, value: { type: 'string' }, forceString: { type: 'boolean' } }, ['name', 'value']),
  },
  fileParameters: { type: 'array', items: objectSchema({ name: textSchema, path: textSchema }, ['name', 'path']) },
  skipCrds: { type: 'boolean' },
  skipTests: { type: 'boolean' },
  skipSchemaValidation: { type: 'boolean' },
  kubeVersion: textSchema,
  apiVersions: textsSchema,
});

/** What is only for how Helm is called (`version`, `passCredentials`), and tests (`skipTests`), which nothing runs, make no difference. */
export function readHelm(helm: Fields, file: string): HelmOptions {
  const inline = inlineValues(helm, file);
  return {
    ...NO_HELM_OPTIONS,
    releaseName: helm.optionalString('releaseName'),
    namespace: helm.optionalString('namespace'),
    valueFiles: [
      ...helm.strings('valueFiles').map((path, i): ValuesReference => ({ file: path, said: helm.at(`valueFiles[${i}]`) })),
      ...(inline ? [inline] : []),
    ],
    ignoreMissingValueFiles: helm.boolean('ignoreMissingValueFiles'),
    parameters: helm.inners('parameters').map((parameter, i) => ({
      name: parameter.required('name'),
      value: parameter.string('value'),
      forceString: parameter.boolean('forceString'),
      said: helm.at(`parameters[${i}]`),
    })),
    setFiles: helm.inners('fileParameters').map((parameter, i) => ({
      name: parameter.required('name'),
      path: parameter.required('path'),
      said: helm.at(`fileParameters[${i}]`),
    })),
    skipCrds: helm.boolean('skipCrds'),
    skipSchemaValidation: helm.boolean('skipSchemaValidation'),
    kubeVersion: helm.optionalString('kubeVersion') || undefined,
    apiVersions: helm.strings('apiVersions'),
  };
}

/** A mapping goes before a text; jibe.yaml has either under `values`. */
function inlineValues(helm: Fields, file: string): ValuesFile | undefined {
  const field = helm.has('valuesObject') ? 'valuesObject' : 'values';
  if (field === 'valuesObject' || isObject(helm.value.values))
    return { path: file, bytes: Buffer.from(writeYaml(helm.inner(field).value)), said: helm.at(field) };
  const text = helm.string('values');
  return text ? { path: file, bytes: Buffer.from(text), said: helm.at('values') } : undefined;
}
