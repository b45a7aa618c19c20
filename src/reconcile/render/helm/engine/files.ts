// `.Files`: what of a chart is neither template nor metadata, by its path.
import { go } from '../../../../apimachinery/go-template/signature.ts';
import { keysOf, nil, STRINGS, textOfBytes, typed, type GoType } from '../../../../apimachinery/go-template/values.ts';
import { setKey } from '../../../../apimachinery/json/parse.ts';
import { compileGlob } from './glob.ts';
import { toYaml } from './yaml-functions.ts';

type Files = Readonly<Record<string, Uint8Array>>;

export function filesObject(files: ReadonlyMap<string, Uint8Array>): object {
  return typed(Object.fromEntries(files), FILES);
}

const NONE = new Uint8Array(0);

const bytesAt = (files: object, name: string): Uint8Array => (Object.hasOwn(files, name) ? (files as Files)[name]! : NONE);

const FILES: GoType = {
  name: 'engine.files',
  kind: 'map',
  zero: nil(new Uint8Array(0)),
  methods: {
    Get: (self) => go('(string) string', (name: string) => textOfBytes(bytesAt(self, name))),
    GetBytes: (self) => go('(string) []uint8', (name: string) => bytesAt(self, name)),
    Glob: (self) => go('(string) engine.files', (pattern: string) => matching(self as Files, pattern)),
    Lines: (self) => go('(string) []string', (name: string) => lines(bytesAt(self, name))),
    AsConfig: (self) => go('() string', () => asYaml(self as Files, textOfBytes)),
    AsSecrets: (self) => go('() string', () => asYaml(self as Files, (bytes) => Buffer.from(bytes).toString('base64'))),
  },
};

function matching(files: Files, pattern: string): object {
  const matches = compileGlob(pattern);
  return typed(
    Object.fromEntries(keysOf(files as Record<string, unknown>).flatMap((name) => (matches(name) ? [[name, files[name]!]] : []))),
    FILES,
  );
}

function lines(bytes: Uint8Array): string[] {
  const text = textOfBytes(bytes);
  return typed(bytes.length === 0 ? [] : text.replace(/\n$/, '').split('\n'), STRINGS);
}

/** By the last part of their paths. */
function asYaml(files: Files, textOf: (bytes: Uint8Array) => string): string {
  const out: Record<string, unknown> = {};
  for (const name of keysOf(files as Record<string, unknown>)) setKey(out, name.slice(name.lastIndexOf('/') + 1), textOf(files[name]!));
  return toYaml(out);
}
