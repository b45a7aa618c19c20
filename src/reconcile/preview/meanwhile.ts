// What others do to the cluster once base is there, before head comes: people with kubectl, autoscalers, operators. A file with a list of
// patches, each with the manager in whose name it is made. Whose fields are whose then decides what head changes.
import { isObject } from '../../apimachinery/object.ts';
import { StatusError } from '../../apimachinery/status-error.ts';
import { readYaml } from '../../apimachinery/yaml/read.ts';
import type { Client } from '../../client/client.ts';
import { resourceText } from '../plan/resource-id.ts';
import { Lines, positionsIn } from '../render/positions.ts';
import { listed } from './consequence.ts';

export interface OthersPatch {
  /** `kubectl-edit`, `kube-controller-manager`. */
  readonly manager: string;
  readonly object: { readonly apiVersion: string; readonly kind: string; readonly namespace?: string; readonly name: string };
  /** A merge patch; where it is `strategic`, by the keys of lists. Or else {@link apply}. */
  readonly patch?: Readonly<Record<string, unknown>>;
  /** What the manager applies (server-side apply). */
  readonly apply?: Readonly<Record<string, unknown>>;
  readonly strategic?: boolean;
  /** `scale`, `status`. */
  readonly subresource?: string;
}

/** The file's patches, and where each begins. */
export interface Meanwhile {
  readonly patches: readonly OthersPatch[];
  readonly lines: readonly number[];
}

export class MeanwhileError extends Error {
  override readonly name = 'MeanwhileError';
  /** From 1, in the file. */
  readonly line: number;
  readonly column: number;

  constructor(message: string, { line, column }: { readonly line: number; readonly column: number }, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.line = line;
    this.column = column;
  }
}

/** Throws a {@link MeanwhileError}. */
export async function readMeanwhile(text: string): Promise<Meanwhile> {
  const read = await readYaml(text);
  if (read.faults) throw new MeanwhileError(read.faults[0]!.message, new Lines(text).at(read.faults[0]!.offset));
  const { value = [] } = read;
  if (!Array.isArray(value)) throw new MeanwhileError('it must be a list of patches', { line: 1, column: 1 });
  for (const [i, patch] of value.entries()) {
    const wrong = faultOf(patch);
    if (wrong) throw new MeanwhileError(wrong.message, (await positionsIn(text, [{ at: [i, ...wrong.at] }]))[0]!);
  }
  const places = await positionsIn(
    text,
    value.map((_, i) => ({ at: [i] })),
  );
  return { patches: value as unknown as readonly OthersPatch[], lines: places.map(({ line }) => line) };
}

interface Fault {
  readonly message: string;
  readonly at: readonly string[];
}

const FIELDS = new Set(['manager', 'object', 'patch', 'apply', 'strategic', 'subresource']);

function faultOf(patch: unknown): Fault | undefined {
  if (!isObject(patch)) return { message: 'a patch must be an object', at: [] };
  const unknown = Object.keys(patch).find((key) => !FIELDS.has(key));
  if (unknown !== undefined) return { message: `unknown field ${JSON.stringify(unknown)}`, at: [unknown] };
  const { manager, object, patch: merge, apply, strategic, subresource } = patch;
  if (!isText(manager)) return { message: 'manager: must name who does it', at: [] };
  if (!isObject(object)) return { message: 'object: must name what is patched', at: [] };
  for (const key of ['apiVersion', 'kind', 'name'])
    if (!isText(object[key])) return { message: `object.${key}: must be there`, at: ['object'] };
  if (object['namespace'] !== undefined && !isText(object['namespace']))
    return { message: 'object.namespace: must be a text', at: ['object', 'namespace'] };
  if (isObject(merge) === isObject(apply)) return { message: 'there must be either patch or apply, an object', at: [] };
  if (strategic !== undefined && typeof strategic !== 'boolean') return { message: 'strategic: must be true or false', at: ['strategic'] };
  if (subresource !== undefined && !isText(subresource)) return { message: 'subresource: must be a text', at: ['subresource'] };
  return undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** One after the other. Throws a {@link MeanwhileError} where the server refuses one. */
export async function patchAsOthers(client: Client, { patches, lines }: Meanwhile): Promise<void> {
  for (const [i, { manager, object, patch, apply, strategic, subresource }] of patches.entries()) {
    const { apiVersion, kind, namespace, name } = object;
    try {
      await client.patch(`${apiVersion}/${kind}`, name, apply ?? patch, {
        type: apply ? 'apply' : strategic ? 'strategic' : 'merge',
        fieldManager: manager,
        ...(namespace ? { namespace } : {}),
        ...(subresource ? { subresource } : {}),
      });
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      throw new MeanwhileError(
        `${resourceText({ kind, namespace: namespace ?? '', name })}: ${error.message}`,
        { line: lines[i]!, column: 1 },
        error,
      );
    }
  }
}

/** As an assumption. */
export function meanwhileText({ patches }: Meanwhile): string | undefined {
  const told = patches.map(
    ({ manager, object: { kind, namespace = '', name } }) => `${resourceText({ kind, namespace, name })} (${manager})`,
  );
  return told.length ? `Others have changed since base: ${listed([...new Set(told)])}.` : undefined;
}
