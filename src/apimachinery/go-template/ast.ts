// What a Go template consists of once it is parsed. Offsets are those in its text.

export type Node =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'action'; readonly pipe: Pipe }
  | { readonly is: 'if' | 'with' | 'range'; readonly pipe: Pipe; readonly body: readonly Node[]; readonly otherwise: readonly Node[] }
  | { readonly is: 'template'; readonly name: string; readonly pipe: Pipe | undefined; readonly offset: number }
  | { readonly is: 'break' | 'continue' };

/** `$a, $b := first | second`. */
export interface Pipe {
  readonly declares: readonly string[];
  /** `=`: the variable is there already. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
  readonly offset: number;
}

/** A function or a field and what it is given, or a value alone. */
export interface Command {
  readonly words: readonly Operand[];
  readonly offset: number;
}

export type Operand = { readonly offset: number } & (
  | { readonly is: 'dot' | 'nil' }
  | { readonly is: 'constant'; readonly value: string | number | bigint | boolean }
  | { readonly is: 'field'; readonly path: readonly string[] }
  | { readonly is: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly is: 'function'; readonly name: string }
  /** `(pipe).a.b` */
  | { readonly is: 'chain'; readonly pipe: Pipe; readonly path: readonly string[] }
);
