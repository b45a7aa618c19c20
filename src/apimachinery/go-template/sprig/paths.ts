// sprig's functions on paths: Go's package path. Those on paths of the operating system are the same here.
import { go, type TemplateFunctions } from '../signature.ts';

const ofText = (make: (text: string) => string) => go('(string) string', make);

const base = ofText((path) => (path === '' ? '.' : (/([^/]+)\/*$/.exec(path)?.[1] ?? '/')));
const dir = ofText((path) => clean(path.slice(0, path.lastIndexOf('/') + 1)));
const cleaned = ofText(clean);
const ext = ofText((path) => /\.[^./]*$/.exec(path)?.[0] ?? '');
const isAbs = go('(string) bool', (path: string) => path.startsWith('/'));

export const SPRIG_PATHS: TemplateFunctions = {
  base,
  dir,
  clean: cleaned,
  ext,
  isAbs,
  osBase: base,
  osDir: dir,
  osClean: cleaned,
  osExt: ext,
  osIsAbs: isAbs,
};

/** `path.Clean` */
export function clean(path: string): string {
  const rooted = path.startsWith('/');
  const out: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') out.push(part);
    else if (out.length > 0 && out.at(-1) !== '..') out.pop();
    else if (!rooted) out.push('..');
  }
  return (rooted ? '/' : '') + out.join('/') || '.';
}
