// Files that are named like manifests but are something else, told by their text: for hints that say so.

interface Lookalike {
  readonly pattern: RegExp;
  readonly hint: string;
}

const LOOKALIKES: readonly Lookalike[] = [
  { pattern: /^version https:\/\/git-lfs\.github\.com\/spec\//, hint: 'this is a Git LFS pointer, not the file itself: run git lfs pull' },
  { pattern: /^(?:<{7} |={7}$|>{7} )/m, hint: 'the file holds an unresolved merge conflict' },
  {
    pattern: /\{\{-?\s*(?:\.(?:Values|Release|Chart|Capabilities|Files|Template)\b|(?:include|template|define|tpl|toYaml)\b)/,
    hint: 'this is a template of a Helm chart: name the directory of its Chart.yaml, or exclude it',
  },
  { pattern: /\{\{.*\}\}|\{%.*%\}/, hint: 'this is a template ({{ … }}): render it first, exclude it, or put the braces in quotes' },
];

/** What a text that could not be read as a manifest most likely is. */
export function recognise(text: string): string | undefined {
  return LOOKALIKES.find(({ pattern }) => pattern.test(text))?.hint;
}
