// Something that must never be, and was.
export interface Violation {
  readonly invariant: string;
  /** Milliseconds since 1970, by the cluster's clock. */
  readonly atMs: number;
  readonly problem: string;
}
