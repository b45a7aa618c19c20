// A tree in which some files read otherwise than they lie: for overrides that Flux and Argo CD write into a kustomization before they
// build it. Nothing is written.
import type { SourceTree } from '../source/source-tree.ts';

/** @param files by their path in the tree; those that are not there appear */
export function overlaid(tree: SourceTree, files: ReadonlyMap<string, string>): SourceTree {
  return {
    prefix: tree.prefix,
    ...(tree.elsewhere ? { elsewhere: tree.elsewhere } : {}),
    async list(path) {
      const own = [...files.keys()].filter((file) => directoryOf(file) === path).map((file) => file.slice(path ? path.length + 1 : 0));
      return [...new Set([...(await tree.list(path)), ...own])].sort();
    },
    async find(path) {
      const text = files.get(path);
      if (text === undefined) return tree.find(path);
      const bytes = Buffer.from(text);
      return { kind: 'file', path, file: { path, size: bytes.length, oid: undefined, read: async () => bytes } };
    },
  };
}

const directoryOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 0));
