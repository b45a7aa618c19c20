// What a Go template consists of once it is parsed. Offsets are those in its text, and are where Go says that the part is.

export type Node = { readonly offset: number } & (
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'action'; readonly pipe: Pipe }
  | Control
  | { readonly is: 'template'; readonly name: string; readonly quoted: string; readonly pipe: Pipe | undefined }
  | { readonly is: 'break' | 'continue' }
);

export interface Control {
  readonly is: 'if' | 'with' | 'range';
  readonly offset: number;
  readonly pipe: Pipe;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
}

/** `$a, $b := first | second`. */
export interface Pipe {
  readonly is: 'pipe';
  readonly declares: readonly string[];
  /** `=`: the variable is there already. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
  readonly offset: number;
}

/** A function or a field and what it is given, or a value alone. */
export interface Command {
  readonly is: 'command';
  readonly words: readonly Operand[];
  readonly offset: number;
}

export type Operand =
  | ({ readonly offset: number } & (
      | { readonly is: 'dot' | 'nil' }
      | { readonly is: 'bool'; readonly value: boolean }
      | { readonly is: 'string'; readonly value: string; readonly quoted: string }
      | NumberWord
      | { readonly is: 'field'; readonly path: readonly string[] }
      | { readonly is: 'variable'; readonly name: string; readonly path: readonly string[] }
      | { readonly is: 'function'; readonly name: string }
      /** `(pipe).a.b` */
      | { readonly is: 'chain'; readonly of: Operand; readonly path: readonly string[] }
    ))
  | Pipe;

/** A literal number: what it is as an integer, and as a float. */
export interface NumberWord {
  readonly is: 'number';
  readonly offset: number;
  readonly text: string;
  readonly int: bigint | undefined;
  readonly float: number;
  /** It is a float where nothing asks for an integer. */
  readonly isFloat: boolean;
}
