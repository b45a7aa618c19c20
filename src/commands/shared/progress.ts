// What a long command tells while it works: on a terminal one line that changes, in a pipe a line for each step. To standard error, so
// that results can be piped.
import type { Styles } from './styles.ts';

export class Progress {
  private readonly stream: NodeJS.WriteStream;
  private readonly quiet: boolean;
  private readonly styles: Styles;
  private transient = '';

  constructor(stream: NodeJS.WriteStream, styles: Styles, quiet: boolean) {
    this.stream = stream;
    this.styles = styles;
    this.quiet = quiet;
  }

  /** Something has happened. */
  line(text: string): void {
    if (this.quiet) return;
    this.clear();
    this.stream.write(`${this.styles.dim(text)}\n`);
  }

  /** Something is going on; told on terminals only. */
  now(text: string): void {
    if (this.quiet || !this.stream.isTTY) return;
    const fits = text.slice(0, Math.max((this.stream.columns || 80) - 1, 10));
    if (fits === this.transient) return;
    this.clear();
    this.stream.write(this.styles.dim(fits));
    this.transient = fits;
  }

  clear(): void {
    if (this.transient) this.stream.write('\r\u001b[K');
    this.transient = '';
  }
}
