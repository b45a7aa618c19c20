// Lines and columns in a text: of offsets, and of fields.

/** A field: the way to it, names and indices, and from there as Kubernetes writes it: `containers[0].image`, `labels[a/b]`. */
export interface FieldAddress {
  readonly at: readonly (string | number)[];
  readonly path?: string;
}

/** Line and column in a text, from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where fields stand in a document's text. The document is parsed in full. */
export async function positionsIn(text: string, fields: readonly FieldAddress[]): Promise<readonly Position[]> {
  const [{ parseYamlTree }, { offsetOf }] = await Promise.all([
    import('../../apimachinery/yaml/tree.ts'),
    import('../../apimachinery/yaml/places.ts'),
  ]);
  const tree = parseYamlTree(text);
  const lines = new Lines(text);
  return fields.map(({ at, path }) => lines.at(offsetOf(tree, at, path ?? '')));
}

/** A text's line breaks, to tell offsets as lines and columns. */
export class Lines {
  private readonly starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.starts.push(at + 1);
  }

  /** @param offset in UTF-16 units */
  at(offset: number): Position {
    let [low, high] = [0, this.starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - this.starts[low]! + 1 };
  }

  /** What {@link at} tells, back to an offset. */
  offset({ line, column }: Position): number {
    return (this.starts[line - 1] ?? 0) + column - 1;
  }
}
