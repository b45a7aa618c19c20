// What a template has written, piece by piece, and which part of which template wrote each piece.
import type { Node } from './ast.ts';
import type { ParsedTemplate } from './parser.ts';

/** Line counts from 1. */
export interface WrittenPlace {
  readonly file: string;
  readonly line: number;
}

export class Written {
  private readonly pieces: string[] = [];
  private readonly templates: ParsedTemplate[] = [];
  private readonly nodes: Node[] = [];
  private joined: string | undefined;
  private ends: readonly number[] | undefined;

  add(text: string, template: ParsedTemplate, node: Node): void {
    if (text === '') return;
    this.pieces.push(text);
    this.templates.push(template);
    this.nodes.push(node);
  }

  get text(): string {
    this.joined ??= this.pieces.join('');
    return this.joined;
  }

  /** Of the piece that the offset of the text is in. Undefined where nothing was written. */
  placeAt(offset: number): WrittenPlace | undefined {
    if (this.pieces.length === 0) return undefined;
    const ends = this.pieceEnds();
    let [low, high] = [0, ends.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle]! > offset) high = middle;
      else low = middle + 1;
    }
    const node = this.nodes[low]!;
    const { source } = this.templates[low]!;
    const within = node.is === 'text' ? offset - (ends[low]! - this.pieces[low]!.length) : 0;
    return { file: source.file, line: source.positionOf(node.offset + Math.max(0, within)).line };
  }

  private pieceEnds(): readonly number[] {
    if (!this.ends) {
      let end = 0;
      this.ends = this.pieces.map((piece) => (end += piece.length));
    }
    return this.ends;
  }
}
