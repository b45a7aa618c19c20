// JSON pointers (RFC 6901): the names and indices on the way to a value.

/** What stands before the first slash does not count. `/metadata/labels/a~1b` is `['metadata', 'labels', 'a/b']`. */
export const pointerTokens = (pointer: string): string[] => pointer.split('/').slice(1).map(unescaped);

const unescaped = (token: string): string => token.replace(/~[01]/g, (escaped) => (escaped === '~1' ? '/' : '~'));
