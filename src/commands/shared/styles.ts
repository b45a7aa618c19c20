// Colours, on terminals only.
import { createColors } from 'picocolors';

export type Styles = ReturnType<typeof createColors>;

export function stylesFor(stream: NodeJS.WriteStream, noColor: boolean): Styles {
  const wanted = !noColor && !process.env['NO_COLOR'] && (stream.isTTY || process.env['FORCE_COLOR'] !== undefined);
  return createColors(wanted && process.env['TERM'] !== 'dumb');
}
