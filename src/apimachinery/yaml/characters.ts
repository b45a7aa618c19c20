// The characters that YAML is made of, by their codes: readers look at one after the other.

export const TAB = 9;
export const LF = 10;
export const SPACE = 32;
export const DOUBLE_QUOTE = 34;
export const HASH = 35;
export const SINGLE_QUOTE = 39;
export const COMMA = 44;
export const DASH = 45;
export const COLON = 58;
export const BRACKET = 91;
export const BACKSLASH = 92;
export const CLOSE_BRACKET = 93;
export const BRACE = 123;
export const PIPE = 124;
export const CLOSE_BRACE = 125;
