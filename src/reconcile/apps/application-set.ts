// ApplicationSets: their template, filled with each set of parameters that their generators give, as Applications.
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import { applyMergePatch } from '../../apimachinery/patch/merge-patch.ts';
import { readYaml } from '../../apimachinery/yaml/read.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import { fastTemplate, fill, goTemplate } from './set-template.ts';
import { Fields, type FieldFault } from './fields.ts';
import { generate, MAX_GENERATED, type GeneratorWorld } from './generators.ts';

/** Throws a SourceError where a repository cannot be read, a TemplateError or FunctionError where a template fails. @param namespace of the set, and of what it makes */
export async function applicationsOf(
  set: DesiredObject,
  namespace: string,
  around: Omit<GeneratorWorld, 'template'>,
  faults: FieldFault[],
): Promise<readonly DesiredObject[]> {
  const spec = new Fields(set.spec, 'spec', faults);
  const language = spec.boolean('goTemplate') ? goTemplate(spec.strings('goTemplateOptions')) : fastTemplate;
  const world: GeneratorWorld = { ...around, template: language };
  const template = spec.inner('template').value;
  if (Object.keys(template).length === 0) spec.fault('template', 'is required');
  const patch = spec.optionalString('templatePatch');
  const out: DesiredObject[] = [];
  const names = new Set<string>();
  for (const generator of spec.inners('generators')) {
    for (const { parameters, template: own } of await generate(generator, world, faults)) {
      const filled = fill(language, merged(template, own), parameters);
      const patched = patch === undefined ? filled : merged(filled, await patchOf(language.fillText(patch, parameters), spec));
      const metadata = isObject(patched.metadata) ? patched.metadata : {};
      const name = typeof metadata.name === 'string' ? metadata.name : '';
      if (name === '' || /\{\{/.test(name))
        spec.fault(
          'template.metadata.name',
          name === '' ? 'is required' : `${JSON.stringify(name)} holds a parameter that no generator gives`,
        );
      else if (names.has(name))
        spec.fault(
          'template.metadata.name',
          `more than one Application would be called ${JSON.stringify(name)}`,
          'put a parameter into it that tells them apart',
        );
      else if (names.size < MAX_GENERATED) {
        names.add(name);
        out.push({
          ...patched,
          apiVersion: set.apiVersion,
          kind: 'Application',
          metadata: { ...metadata, name, namespace },
        } as DesiredObject);
      }
    }
  }
  return out;
}

async function patchOf(text: string, spec: Fields): Promise<JsonObject> {
  const result = await readYaml(text);
  if (!result.faults && isObject(result.value)) return result.value;
  spec.fault('templatePatch', result.faults ? `is no YAML once it is filled: ${result.faults[0]!.message}` : 'must be a mapping');
  return {};
}

const merged = (base: JsonObject, over: JsonObject): JsonObject => applyMergePatch(base, over) as JsonObject;
