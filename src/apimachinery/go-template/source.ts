// The text of a template, and where its lines begin.

export class TemplateSource {
  /** Under which name it was parsed. */
  readonly file: string;
  readonly text: string;
  /** Otherwise a template has made it. */
  readonly isFile: boolean;
  private starts: readonly number[] | undefined;

  constructor(file: string, text: string, isFile = true) {
    this.file = file;
    this.text = text;
    this.isFile = isFile;
  }

  /** Both count from 1; the column in UTF-16 units. */
  positionOf(offset: number): { readonly line: number; readonly column: number } {
    this.starts ??= [0, ...[...this.text.matchAll(/\n/g)].map(({ index }) => index + 1)];
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.starts[low]! + 1 };
  }
}
