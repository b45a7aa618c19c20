// A tree of files that lie nowhere: what was unpacked, or is written only to be read by a renderer.
import type { SourceTree } from './source-tree.ts';

/** @param files by their paths in the tree */
export function memoryTree(files: ReadonlyMap<string, Uint8Array>): SourceTree {
  const directories = new Map<string, Set<string>>([['', new Set()]]);
  for (const path of files.keys()) {
    let at = '';
    for (const name of path.split('/')) {
      const inside = directories.get(at) ?? new Set();
      directories.set(at, inside.add(name));
      at = at ? `${at}/${name}` : name;
    }
  }
  return {
    prefix: '',
    async find(path) {
      const bytes = files.get(path);
      if (bytes)
        return {
          kind: 'file',
          path,
          file: { path, size: bytes.length, oid: undefined, read: async () => bytes },
        };
      return directories.has(path) ? { kind: 'directory', path } : undefined;
    },
    list: async (path) => [...(directories.get(path) ?? [])].sort(),
  };
}
