// Values to JSON text.

/** As JSON.stringify, and bigints are written as the integers they are. */
export function encodeJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch (error) {
    if (!(error instanceof TypeError) || !/BigInt/.test(error.message)) throw error;
    // rare (an integer beyond 2^53): carried through as a marked string
    const marked = JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `\u0000${v}\u0000` : v), indent);
    return marked.replace(/"\\u0000(-?\d+)\\u0000"/g, '$1');
  }
}
