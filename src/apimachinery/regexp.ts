// Regular expressions as Go has them (RE2's syntax), matched in time linear to the text whatever the pattern: patterns in schemas are
// strangers', and must not be able to hold up a server. Tells whether a text has a match, where the leftmost matches are, and what their
// groups have captured.
import { parseRegexp, type CharTest, type RegexpNode } from './regexp-syntax.ts';

export { RegexpError } from './regexp-syntax.ts';

export interface Regexp {
  /** Whether the pattern matches somewhere in the text. */
  test(text: string): boolean;
  /** What matches, from left to right, not overlapping; of several matches at a place the one that the pattern prefers. */
  findAll(text: string, limit: number): string[];
  /** The leftmost match that begins at `from` or behind it. Offsets are in UTF-16 units. */
  exec(text: string, from: number): RegexpMatch | undefined;
}

export interface RegexpMatch {
  readonly start: number;
  readonly end: number;
  /** The whole, then the groups; undefined where one took no part. */
  readonly groups: readonly (string | undefined)[];
  /** Numbers of groups that have names. */
  readonly names: ReadonlyMap<string, number>;
}

const MAX_CACHED = 1000;
const cache = new Map<string, Regexp>();

/** Throws a {@link RegexpError} with Go's words. */
export function compileRegexp(pattern: string): Regexp {
  let regexp = cache.get(pattern);
  if (!regexp) {
    if (cache.size >= MAX_CACHED) cache.clear();
    regexp = new Machine(parseRegexp(pattern));
    cache.set(pattern, regexp);
  }
  return regexp;
}

type Assertion = 'start' | 'end' | 'line-start' | 'line-end' | 'boundary' | 'not-boundary';

type Step =
  | { readonly op: 'char'; readonly test: CharTest }
  | { readonly op: 'split'; readonly to: readonly [number, number] }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'assert'; readonly what: Assertion }
  /** Notes where a group begins (even) or ends (odd). */
  | { readonly op: 'save'; readonly slot: number }
  | { readonly op: 'match' };

interface Thread {
  readonly at: number;
  readonly slots: readonly number[];
}

/** Go's limit on the size of what a pattern becomes is a few thousand instructions too. */
const MAX_STEPS = 100_000;

class Machine implements Regexp {
  private readonly steps: Step[] = [];
  /** Which steps are already on the list of this character. */
  private readonly marks: Uint32Array;
  private generation = 0;
  private slots = 2;
  private readonly names = new Map<string, number>();

  constructor(node: RegexpNode) {
    this.emit(node);
    this.steps.push({ op: 'match' });
    this.marks = new Uint32Array(this.steps.length);
  }

  private push(step: Step): number {
    if (this.steps.length >= MAX_STEPS) throw new Error('the expression is too large');
    return this.steps.push(step) - 1;
  }

  private emit(node: RegexpNode): void {
    switch (node.is) {
      case 'empty':
        return;
      case 'char':
        this.push({ op: 'char', test: node.test });
        return;
      case 'assert':
        this.push({ op: 'assert', what: node.what });
        return;
      case 'concat':
        for (const part of node.parts) this.emit(part);
        return;
      case 'group':
        this.push({ op: 'save', slot: node.number * 2 });
        this.emit(node.part);
        this.push({ op: 'save', slot: node.number * 2 + 1 });
        this.slots = Math.max(this.slots, node.number * 2 + 2);
        if (node.name !== undefined && !this.names.has(node.name)) this.names.set(node.name, node.number);
        return;
      case 'alternate':
        this.emitAlternatives(node.parts);
        return;
      case 'repeat':
        this.emitRepeat(node.part, node.min, node.max, node.lazy);
    }
  }

  private emitAlternatives(parts: readonly RegexpNode[]): void {
    const ends: { op: 'jump'; to: number }[] = [];
    parts.forEach((part, i) => {
      if (i === parts.length - 1) {
        this.emit(part);
        return;
      }
      const at = this.push({ op: 'match' });
      this.emit(part);
      const jump = { op: 'jump' as const, to: 0 };
      ends.push(jump);
      this.push(jump);
      this.steps[at] = { op: 'split', to: [at + 1, this.steps.length] };
    });
    for (const jump of ends) jump.to = this.steps.length;
  }

  private emitRepeat(part: RegexpNode, min: number, max: number, lazy: boolean): void {
    const fork = (at: number): Step => ({ op: 'split', to: lazy ? [this.steps.length, at + 1] : [at + 1, this.steps.length] });
    for (let i = 0; i < min; i++) this.emit(part);
    if (max === Infinity) {
      const at = this.push({ op: 'match' });
      this.emit(part);
      this.push({ op: 'jump', to: at });
      this.steps[at] = fork(at);
      return;
    }
    const open: number[] = [];
    for (let i = min; i < max; i++) {
      open.push(this.push({ op: 'match' }));
      this.emit(part);
    }
    for (const at of open) this.steps[at] = fork(at);
  }

  test(text: string): boolean {
    const chars = Array.from(text, (c) => c.codePointAt(0)!);
    let threads: number[] = [];
    for (let i = 0; ; i++) {
      this.generation++;
      // a match may begin anywhere
      const ready: number[] = [];
      for (const at of threads) if (this.follow(at, chars, i, ready)) return true;
      if (this.follow(0, chars, i, ready)) return true;
      if (i >= chars.length) return false;
      threads = [];
      for (const at of ready) {
        const step = this.steps[at]!;
        if (step.op === 'char' && step.test(chars[i]!)) threads.push(at + 1);
      }
    }
  }

  findAll(text: string, limit: number): string[] {
    const chars = Array.from(text, (c) => c.codePointAt(0)!);
    const found: string[] = [];
    let after = -1;
    for (let from = 0; from <= chars.length && found.length < limit;) {
      const match = this.leftmost(chars, from);
      if (!match) break;
      const [start, end] = match;
      // an empty match right after another one does not count
      if (end > start || start !== after) found.push(String.fromCodePoint(...chars.slice(start, end)));
      after = end;
      from = end > start ? end : end + 1;
    }
    return found;
  }

  /** Threads in the order in which the pattern prefers them, each with where it began. */
  private leftmost(chars: readonly number[], from: number): readonly [number, number] | undefined {
    let best: readonly [number, number] | undefined;
    let threads: { readonly at: number; readonly start: number }[] = [];
    for (let i = from; ; i++) {
      this.generation++;
      const ready: { readonly at: number; readonly start: number }[] = [];
      if (!best) threads.push({ at: 0, start: i });
      for (const { at, start } of threads) {
        const waiting: number[] = [];
        const matched = this.follow(at, chars, i, waiting);
        for (const step of waiting) ready.push({ at: step, start });
        if (!matched) continue;
        // what is preferred less is given up
        best = [start, i];
        break;
      }
      if (i >= chars.length || (ready.length === 0 && best)) return best;
      threads = ready.flatMap(({ at, start }) => {
        const step = this.steps[at]!;
        return step.op === 'char' && step.test(chars[i]!) ? [{ at: at + 1, start }] : [];
      });
    }
  }

  exec(text: string, from: number): RegexpMatch | undefined {
    const chars: number[] = [];
    const offsets: number[] = [];
    for (let at = 0; at < text.length;) {
      const code = text.codePointAt(at)!;
      chars.push(code);
      offsets.push(at);
      at += code > 0xffff ? 2 : 1;
    }
    offsets.push(text.length);
    const found = this.captured(
      chars,
      offsets.findIndex((offset) => offset >= from),
    );
    if (!found) return undefined;
    const groups = Array.from({ length: this.slots / 2 }, (_, group) => {
      const [start = -1, end = -1] = [found[group * 2], found[group * 2 + 1]];
      return start < 0 || end < 0 ? undefined : text.slice(offsets[start], offsets[end]);
    });
    return { start: offsets[found[0]!]!, end: offsets[found[1]!]!, groups, names: this.names };
  }

  /** As {@link leftmost}; each thread knows where its groups began and ended. */
  private captured(chars: readonly number[], from: number): readonly number[] | undefined {
    let best: readonly number[] | undefined;
    let threads: Thread[] = [];
    for (let i = from; ; i++) {
      this.generation++;
      const ready: Thread[] = [];
      if (!best) {
        const slots = Array.from({ length: this.slots }, () => -1);
        slots[0] = i;
        threads.push({ at: 0, slots });
      }
      for (const thread of threads) {
        const matched = this.followThread(thread, chars, i, ready);
        if (!matched) continue;
        best = matched.with(1, i);
        break;
      }
      if (i >= chars.length || (ready.length === 0 && best)) return best;
      threads = [];
      for (const { at, slots } of ready) {
        const step = this.steps[at]!;
        if (step.op === 'char' && step.test(chars[i]!)) threads.push({ at: at + 1, slots });
      }
    }
  }

  /** @returns the groups, where the end of the pattern was reached */
  private followThread(from: Thread, chars: readonly number[], i: number, ready: Thread[]): readonly number[] | undefined {
    const pending = [from];
    for (let thread = pending.pop(); thread; thread = pending.pop()) {
      const { at, slots } = thread;
      if (this.marks[at] === this.generation) continue;
      this.marks[at] = this.generation;
      const step = this.steps[at]!;
      switch (step.op) {
        case 'match':
          return slots;
        case 'char':
          ready.push(thread);
          break;
        case 'jump':
          pending.push({ at: step.to, slots });
          break;
        case 'save':
          pending.push({ at: at + 1, slots: slots.with(step.slot, i) });
          break;
        case 'split':
          pending.push({ at: step.to[1], slots }, { at: step.to[0], slots });
          break;
        case 'assert':
          if (holds(step.what, chars, i)) pending.push({ at: at + 1, slots });
      }
    }
    return undefined;
  }

  /** Adds all steps that wait for a character, those preferred first. @returns whether the end of the pattern was reached */
  private follow(from: number, chars: readonly number[], i: number, ready: number[]): boolean {
    const pending = [from];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      if (this.marks[at] === this.generation) continue;
      this.marks[at] = this.generation;
      const step = this.steps[at]!;
      switch (step.op) {
        case 'match':
          return true;
        case 'char':
          ready.push(at);
          break;
        case 'jump':
          pending.push(step.to);
          break;
        case 'save':
          pending.push(at + 1);
          break;
        case 'split':
          pending.push(step.to[1], step.to[0]);
          break;
        case 'assert':
          if (holds(step.what, chars, i)) pending.push(at + 1);
      }
    }
    return false;
  }
}

const isWord = (c: number | undefined): boolean =>
  c !== undefined && ((c >= 48 && c <= 57) || (c >= 65 && c <= 90) || c === 95 || (c >= 97 && c <= 122));

function holds(what: Assertion, chars: readonly number[], i: number): boolean {
  switch (what) {
    case 'start':
      return i === 0;
    case 'end':
      return i === chars.length;
    case 'line-start':
      return i === 0 || chars[i - 1] === 10;
    case 'line-end':
      return i === chars.length || chars[i] === 10;
    case 'boundary':
      return isWord(chars[i - 1]) !== isWord(chars[i]);
    case 'not-boundary':
      return isWord(chars[i - 1]) === isWord(chars[i]);
  }
}
