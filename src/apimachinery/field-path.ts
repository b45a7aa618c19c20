// Field paths as Kubernetes writes them, taken apart along what they lead through: `spec.containers[0].image`, `metadata.labels[a/b]`,
// `spec.containers[name="web"]`. Names may hold dots and brackets themselves, so only what is there tells where one ends.

/** The first part of a path, and what is left of it. */
export interface FirstPart<T> {
  readonly part: T;
  readonly rest: string;
}

/** The longest of the names with which the path begins. */
export function longestName(names: Iterable<string>, path: string): FirstPart<string> | undefined {
  let best: FirstPart<string> | undefined;
  for (const name of names) {
    if (best && name.length <= best.part.length) continue;
    for (const spelling of [`[${name}]`, `.${name}`, name]) {
      const rest = path.startsWith(spelling) ? path.slice(spelling.length) : undefined;
      if (rest !== undefined && (rest === '' || rest[0] === '.' || rest[0] === '[')) best = { part: name, rest };
    }
  }
  return best;
}

/** What an element of a list must hold for a path to mean it: fields and their values. */
export type ElementKeys = readonly (readonly [field: string, value: unknown])[];

/** An index, or the keys of an element: `[0]`, `[name="web"]`, `[port=80,protocol="TCP"]`. */
export function listPart(path: string): FirstPart<number | ElementKeys> | undefined {
  const index = /^\[(\d+)\]/.exec(path);
  if (index) return { part: Number(index[1]), rest: path.slice(index[0].length) };
  const keyed = /^\[((?:\w+=(?:"(?:[^"\\]|\\.)*"|[\w.+-]+),?)+)\]/.exec(path);
  if (!keyed) return undefined;
  const pairs = [...keyed[1]!.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|[\w.+-]+)/g)];
  return { part: pairs.map(([, field, value]) => [field!, scalarOf(value!)] as const), rest: path.slice(keyed[0].length) };
}

function scalarOf(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return json;
  }
}

/** Whether an element is the one that keys mean. @param valueOf a field of the element, as text; undefined where it is absent */
export const hasKeys = (keys: ElementKeys, valueOf: (field: string) => string | undefined): boolean =>
  keys.every(([field, value]) => (valueOf(field) ?? (field === 'protocol' ? 'TCP' : '')) === String(value));
