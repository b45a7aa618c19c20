// Bounds of what is read as YAML.

/** Levels of nesting. No Kubernetes object has 50, and what recurses over objects must not run out of stack. DEVIATION: Go allows 10,000. */
export const MAX_DEPTH = 128;

/** Words and signs of one document: for the full parser each costs up to half a kilobyte. */
export const MAX_TOKENS = 2_000_000;
