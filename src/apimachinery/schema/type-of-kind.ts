// The Go type of a built-in kind, for those who have an object and want to know its fields.
import { groupVersion, type KubernetesObject } from '../object.ts';
import type { GoType } from './go-type.ts';
import { builtinKinds, goType } from './schema.ts';

const names = new Map<string, string>();

/** Undefined for other kinds. */
export function typeOfKind({ apiVersion, kind }: Pick<KubernetesObject, 'apiVersion' | 'kind'>): GoType | undefined {
  if (names.size === 0) for (const facts of builtinKinds()) names.set(`${groupVersion(facts)}/${facts.kind}`, facts.type);
  const name = names.get(`${apiVersion}/${kind}`);
  return name === undefined ? undefined : goType(name);
}
