// What a template has written, piece by piece, and which part of which template wrote each piece. What a function had another template
// write, and then indented or trimmed, is found again by its lines.
import type { Node } from './ast.ts';
import type { ParsedTemplate } from './parser.ts';

/** Line counts from 1. */
export interface WrittenPlace {
  readonly file: string;
  readonly line: number;
}

interface Piece {
  readonly text: string;
  readonly template: ParsedTemplate;
  readonly node: Node;
  /** What went into it, as far as it is known. */
  readonly from: readonly Written[];
}

const NOTHING: readonly Written[] = [];

export class Written {
  private readonly pieces: Piece[] = [];
  private joined: string | undefined;
  private ends: readonly number[] | undefined;
  private lines: ReadonlyMap<string, readonly number[]> | undefined;

  add(text: string, template: ParsedTemplate, node: Node, from: readonly Written[] = NOTHING): void {
    if (text !== '') this.pieces.push({ text, template, node, from });
  }

  get text(): string {
    this.joined ??= this.pieces.map((piece) => piece.text).join('');
    return this.joined;
  }

  /** Of what wrote the text at that offset, the innermost that is in a file. Undefined where nothing is. */
  placeAt(offset: number): WrittenPlace | undefined {
    if (this.pieces.length === 0) return undefined;
    const at = this.pieceAt(offset);
    const { text, template, node, from } = this.pieces[at]!;
    const within = Math.max(0, offset - (this.ends![at]! - text.length));
    const inner = from.length > 0 ? placeOfLine(text, within, from) : undefined;
    if (inner) return inner;
    const { source } = template;
    if (!source.isFile) return undefined;
    return { file: source.file, line: source.positionOf(node.offset + (node.is === 'text' ? within : 0)).line };
  }

  private pieceAt(offset: number): number {
    if (!this.ends) {
      let end = 0;
      this.ends = this.pieces.map(({ text }) => (end += text.length));
    }
    let [low, high] = [0, this.ends.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle]! > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Where lines that read so, without the space around them, begin. */
  linesThatRead(words: string): readonly number[] {
    if (!this.lines) {
      const lines = new Map<string, number[]>();
      let start = 0;
      for (const line of this.text.split('\n')) {
        const read = line.trim();
        const known = lines.get(read);
        const at = start + line.length - line.trimStart().length;
        if (known) known.push(at);
        else lines.set(read, [at]);
        start += line.length + 1;
      }
      this.lines = lines;
    }
    return this.lines.get(words) ?? [];
  }
}

/** Of several lines that read the same, the one that is about as far from the beginning. */
function placeOfLine(text: string, offset: number, from: readonly Written[]): WrittenPlace | undefined {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  const words = text.slice(start, end < 0 ? undefined : end).trim();
  if (words === '') return undefined;
  const share = start / text.length;
  for (const written of from.toReversed()) {
    const starts = written.linesThatRead(words);
    const distance = (at: number): number => Math.abs(at / written.text.length - share);
    const nearest = starts.reduce<number | undefined>(
      (best, at) => (best === undefined || distance(at) < distance(best) ? at : best),
      undefined,
    );
    const place = nearest === undefined ? undefined : written.placeAt(nearest);
    if (place) return place;
  }
  return undefined;
}
