// Which files of a directory are no part of its chart: what .helmignore says. Follows Helm's pkg/ignore, its oddities too: a line with `!`
// does not take others back, it leaves out everything that it does not match.
import { namePattern } from '../../source/glob.ts';
import { SourceError } from '../../source/source-error.ts';
import { ChartError } from './chart-error.ts';
import type { ChartFile } from './chart-files.ts';
import { decodeText } from '../text.ts';

/** Whether what lies at a path of the chart is left out. */
export type Ignores = (path: string, isDirectory: boolean) => boolean;

interface Rule {
  readonly negate: boolean;
  readonly mustBeDirectory: boolean;
  readonly matches: (path: string) => boolean;
}

const MAX_RULES = 10_000;

/** @param file .helmignore; undefined where there is none */
export function readHelmignore(file: ChartFile | undefined): Ignores {
  const decoded = file ? decodeText(file.bytes) : { text: '' };
  if (decoded.fault)
    throw new ChartError(decoded.fault.message, { place: { file: file! }, position: decoded.fault, hint: decoded.fault.hint });
  const lines = decoded.text.split(/\r?\n/);
  if (lines.length > MAX_RULES) throw new ChartError(`.helmignore has more than ${MAX_RULES} lines`, { place: { file: file! } });
  const rules = lines.flatMap((line, i) => readRule(line.trim(), file, i + 1));
  // Helm's own: what is hidden among templates
  rules.push(...readRule('templates/.?*', undefined, 0));
  return (path, isDirectory) => {
    for (const { negate, mustBeDirectory, matches } of rules) {
      if (negate) {
        if ((mustBeDirectory && !isDirectory) || !matches(path)) return true;
      } else if ((!mustBeDirectory || isDirectory) && matches(path)) return true;
    }
    return false;
  };
}

function readRule(line: string, file: ChartFile | undefined, number: number): readonly Rule[] {
  if (line === '' || line.startsWith('#')) return [];
  const refuse = (message: string, cause?: unknown): never => {
    throw new ChartError(message, { ...(file ? { place: { file } } : {}), position: { line: number, column: 1 }, cause });
  };
  if (line.includes('**')) refuse('double-star (**) syntax is not supported');
  const negate = line.startsWith('!');
  const unsigned = negate ? line.slice(1) : line;
  const mustBeDirectory = unsigned.endsWith('/');
  const pattern = mustBeDirectory ? unsigned.slice(0, -1) : unsigned;
  try {
    if (pattern.includes('/')) return [{ negate, mustBeDirectory, matches: wholePath(pattern.replace(/^\//, ''), line) }];
    const matches = namePattern(pattern, line);
    return [{ negate, mustBeDirectory, matches: (path) => matches(path.slice(path.lastIndexOf('/') + 1)) }];
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return refuse(error.message, error);
  }
}

function wholePath(pattern: string, line: string): (path: string) => boolean {
  const names = pattern.split('/').map((name) => namePattern(name, line));
  return (path) => {
    const parts = path.split('/');
    return parts.length === names.length && names.every((matches, i) => matches(parts[i]!));
  };
}
