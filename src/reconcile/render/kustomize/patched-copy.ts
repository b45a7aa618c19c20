// The object that a JSON patch made, as a copy of its own, with notes of which operation set what. Patches are applied elsewhere; what
// they left alone is told by its identity, so one walk suffices whatever they do.
import { pointerTokens } from '../../../apimachinery/json/pointer.ts';
import { deepCopy, isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { setKey } from '../../../apimachinery/json/parse.ts';
import type { Operation } from '../../../apimachinery/patch/json-patch.ts';
import type { DocumentSource, FieldOrigins, FieldSource, Steps } from '../field-origins.ts';

/** An operation that sets something, and where it says so. */
export interface Setting {
  /** What it set, where that is once the whole patch is applied. */
  readonly path: readonly string[];
  readonly source: FieldSource;
}

/** Patches with more operations are not looked through for what moves elements of lists about: the time grows with their square. */
const MOST_MOVED = 500;

/** What each operation of a patch sets. @param source the list of operations */
export function settingsOf(operations: readonly Operation[], source: DocumentSource): readonly Setting[] {
  const moves = operations.length > MOST_MOVED ? [] : operations.map(movesOf);
  return operations.flatMap((operation, i): Setting[] => {
    if (typeof operation?.path !== 'string' || operation.op === 'test') return [];
    const at = 'value' in operation ? [i, 'value'] : [i];
    const content = 'value' in operation ? { value: operation.value, schema: undefined, from: 'field' as const } : undefined;
    const inside = source.inner ? { inner: { ...source.inner, at } } : { at: [...source.at, ...at] };
    const path = moves
      .slice(i + 1)
      .flat()
      .reduce(moved, pointerTokens(operation.path));
    return [{ path, source: { ...source, ...inside, ...(content ? { content } : {}) } }];
  });
}

/** Elements of a list move up or down from an index on. */
interface Move {
  readonly list: readonly string[];
  readonly from: number;
  readonly by: 1 | -1;
}

function movesOf(operation: Operation): readonly Move[] {
  const { op, path, from } = operation ?? {};
  const move = (pointer: unknown, by: Move['by']): Move[] => {
    const list = typeof pointer === 'string' ? pointerTokens(pointer) : [];
    const index = list.pop() ?? '';
    return /^\d+$/.test(index) ? [{ list, from: Number(index), by }] : [];
  };
  if (op === 'remove') return move(path, -1);
  if (op === 'add' || op === 'copy') return move(path, 1);
  return op === 'move' ? [...move(from, -1), ...move(path, 1)] : [];
}

function moved(path: string[], { list, from, by }: Move): string[] {
  const index = path[list.length];
  const isWithin = index !== undefined && /^\d+$/.test(index) && Number(index) >= from && list.every((name, i) => name === path[i]);
  return isWithin ? path.with(list.length, String(Number(index) + by)) : path;
}

/**
 * @param patched what a patch made of `before`; shares what it left alone
 * @param settings of the patch
 * @param origins of the object; takes the notes
 */
export function copyOfPatched(before: JsonObject, patched: unknown, settings: readonly Setting[], origins: FieldOrigins): unknown {
  return new Copier(settings, origins).copy(before, patched, []);
}

class Copier {
  private readonly settings: readonly Setting[];
  private readonly origins: FieldOrigins;

  constructor(settings: readonly Setting[], origins: FieldOrigins) {
    this.settings = settings;
    this.origins = origins;
  }

  copy(before: unknown, now: unknown, steps: Steps): unknown {
    if (typeof now !== 'object' || now === null) return now;
    if (before === now) return this.unchanged(now);
    const was: object | undefined =
      typeof before === 'object' && before !== null && Array.isArray(before) === Array.isArray(now) ? before : undefined;
    const out: object = Array.isArray(now) ? [] : {};
    if (was) this.origins.carry(was, out);
    else this.origins.set(out, '', out, this.setBy(steps));
    if (Array.isArray(now)) this.copyList(was as readonly unknown[] | undefined, now, out as unknown[], steps);
    else this.copyMap(was as JsonObject | undefined, now as JsonObject, out as JsonObject, steps);
    return out;
  }

  private copyMap(was: JsonObject | undefined, now: JsonObject, out: JsonObject, steps: Steps): void {
    for (const [key, value] of Object.entries(now)) {
      const old = was && Object.hasOwn(was, key) ? was[key] : undefined;
      const made = was ? this.copy(old, value, [...steps, key]) : deepCopy(value);
      setKey(out, key, made);
      if (was && typeof value !== 'object' && (old !== value || this.isNamed([...steps, key])))
        this.origins.set(out, key, value, this.setBy([...steps, key]));
    }
    for (const key of was ? Object.keys(was) : [])
      if (!Object.hasOwn(now, key)) this.origins.set(out, key, undefined, this.setBy([...steps, key]));
  }

  private copyList(was: readonly unknown[] | undefined, now: readonly unknown[], out: unknown[], steps: Steps): void {
    const [kept, known] = [new Set(now), new Set(was)];
    for (const [i, value] of now.entries()) {
      const old = !was || known.has(value) ? value : changedElement(was, kept, value, i);
      out.push(was ? this.copy(old, value, [...steps, i]) : deepCopy(value));
      if (was && typeof value !== 'object' && !known.has(value)) this.origins.set(out, i, value, this.setBy([...steps, i]));
    }
  }

  /** A copy with the notes of what it is a copy of. */
  private unchanged(value: object): object {
    const inner = (item: unknown): unknown => (typeof item === 'object' && item !== null ? this.unchanged(item) : item);
    const out: object = Array.isArray(value) ? value.map(inner) : {};
    if (!Array.isArray(value)) for (const [key, item] of Object.entries(value)) setKey(out as JsonObject, key, inner(item));
    this.origins.carry(value, out);
    return out;
  }

  private isNamed(steps: Steps): boolean {
    return this.settings.some(({ path }) => path.length === steps.length && leadsTo(path, steps));
  }

  /** The last operation that is about the field or what holds it; that there is one, whoever moved lists about may obscure. */
  private setBy(steps: Steps): FieldSource {
    return (this.settings.findLast(({ path }) => leadsTo(path, steps)) ?? this.settings.at(-1))!.source;
  }
}

/** What an element was that is not the same any more: the one of its name, or where neither has one the one in its place. */
function changedElement(was: readonly unknown[], kept: ReadonlySet<unknown>, value: unknown, index: number): unknown {
  const nameOf = (item: unknown): unknown => (isObject(item) ? item.name : undefined);
  const gone = (item: unknown): boolean => isObject(item) && !kept.has(item);
  if (nameOf(value) !== undefined) return was.find((item) => gone(item) && nameOf(item) === nameOf(value));
  return gone(was[index]) && nameOf(was[index]) === undefined ? was[index] : undefined;
}

const leadsTo = (path: readonly string[], steps: Steps): boolean =>
  path.length <= steps.length &&
  path.every((segment, i) => segment === String(steps[i]) || (segment === '-' && typeof steps[i] === 'number'));
