// What is known of each node for pods of one shape: the verdict and the scores of the plugins that look at the node alone. It holds until
// the node changes, so that the next pod of the shape costs what has changed since. Bounded; a shape is remembered from the second time on
// that it is seen.
import type { PodScorer, Snapshot } from './framework.ts';
import type { NodeRefusal } from './cycle.ts';
import type { NodeInfo } from './node-info.ts';
import type { Shape } from './pod-info.ts';
import type { DryRun } from './preemption.ts';

/** Nodes, times shapes, that are kept all in all. */
const MAX_KEPT = 500_000;
const MIN_SHAPES = 8;

export class ShapeCache {
  private readonly shapes = new Map<Shape, ShapeKnowledge>();
  private seen = new WeakSet<Shape>();
  private snapshot: Snapshot | undefined;

  of(shape: Shape, snapshot: Snapshot): ShapeKnowledge | undefined {
    if (snapshot !== this.snapshot) this.shapes.clear();
    this.snapshot = snapshot;
    let known = this.shapes.get(shape);
    if (known) this.shapes.delete(shape);
    else if (this.seen.has(shape)) known = new ShapeKnowledge();
    else {
      this.seen.add(shape);
      return undefined;
    }
    this.shapes.set(shape, known);
    if (this.shapes.size > Math.max(MIN_SHAPES, MAX_KEPT / snapshot.nodes.length)) {
      const [oldest] = this.shapes.keys();
      this.shapes.delete(oldest!);
    }
    known.follow(snapshot);
    return known;
  }
}

/** What is known of a node. Pods that wait for room to be made there count. */
export const Verdict = { Unknown: 0, Fits: 1, Refused: 2 } as const;

export interface WeightedScorer {
  readonly scorer: PodScorer;
  readonly weight: number;
}

interface Scores {
  /** By slot; NaN: not known. */
  bySlot: Float64Array;
}

export class ShapeKnowledge {
  /** By slot: a {@link Verdict}. */
  verdicts = new Uint8Array();
  private readonly refusals: (NodeRefusal | undefined)[] = [];
  /** How many nodes are known to fit, and to be refused for each reason. */
  private fitting = 0;
  private readonly refused = new Map<NodeRefusal, number>();
  /** All nodes whose verdict is not known are among these; undefined: among all. */
  private open: NodeInfo[] | undefined;
  private readonly scores = new Map<string, Scores>();
  /** By slot: what preemption would do on the node. */
  readonly dryRuns = new Map<number, DryRun>();
  private position = -1;

  /** Forgets what does not hold any more. */
  follow(snapshot: Snapshot): void {
    if (this.position === snapshot.position) return;
    const changed = this.position < 0 ? undefined : snapshot.changedSince(this.position);
    this.position = snapshot.position;
    if (this.verdicts.length < snapshot.slotsInUse) this.grow(snapshot.slotsInUse);
    if (!changed) {
      this.dryRuns.clear();
      this.verdicts.fill(Verdict.Unknown);
      this.fitting = 0;
      this.refused.clear();
      this.open = undefined;
      for (const scores of this.scores.values()) scores.bySlot.fill(NaN);
      return;
    }
    for (const node of changed) {
      const { slot } = node;
      this.dryRuns.delete(slot);
      this.forget(slot);
      for (const scores of this.scores.values()) scores.bySlot[slot] = NaN;
    }
    if (this.open && this.open.length + changed.length > snapshot.nodes.length) this.open = undefined;
    if (this.open) for (const node of changed) this.open.push(node);
  }

  private forget(slot: number): void {
    if (this.verdicts[slot] === Verdict.Fits) this.fitting--;
    else if (this.verdicts[slot] === Verdict.Refused) {
      const refusal = this.refusals[slot]!;
      const left = this.refused.get(refusal)! - 1;
      if (left > 0) this.refused.set(refusal, left);
      else this.refused.delete(refusal);
    }
    this.verdicts[slot] = Verdict.Unknown;
  }

  /** How many of the nodes are refused for each reason; asks where it is not known. Undefined: some node fits. */
  refusedOnAll(
    nodes: readonly NodeInfo[],
    look: (node: NodeInfo) => NodeRefusal | undefined,
  ): ReadonlyMap<NodeRefusal, number> | undefined {
    if (this.fitting > 0) return undefined;
    for (const node of this.open ?? nodes) if (!node.gone && !this.verdict(node, look)) return undefined;
    this.open = [];
    return new Map(this.refused);
  }

  /** Asks where it is not known. */
  verdict(node: NodeInfo, look: (node: NodeInfo) => NodeRefusal | undefined): NodeRefusal | undefined {
    const { slot } = node;
    switch (this.verdicts[slot]) {
      case Verdict.Fits:
        return undefined;
      case Verdict.Refused:
        return this.refusals[slot];
      default: {
        const refusal = look(node);
        this.verdicts[slot] = refusal ? Verdict.Refused : Verdict.Fits;
        this.refusals[slot] = refusal;
        if (refusal) this.refused.set(refusal, (this.refused.get(refusal) ?? 0) + 1);
        else this.fitting++;
        return refusal;
      }
    }
  }

  /** The sum of what these say, which goes by a name. */
  fill(name: string, scorers: readonly WeightedScorer[], nodes: readonly NodeInfo[], slots: Int32Array, into: Float64Array): void {
    let known = this.scores.get(name);
    if (!known) this.scores.set(name, (known = { bySlot: new Float64Array(this.verdicts.length).fill(NaN) }));
    const { bySlot } = known;
    for (let i = 0; i < nodes.length; i++) {
      const slot = slots[i]!;
      let score = bySlot[slot]!;
      // NaN alone differs from itself
      if (score !== score) {
        score = 0;
        for (const { scorer, weight } of scorers) score += weight * scorer.score(nodes[i]!);
        bySlot[slot] = score;
      }
      into[i] = score;
    }
  }

  private grow(slots: number): void {
    const size = Math.ceil(slots * 1.25);
    const verdicts = new Uint8Array(size);
    verdicts.set(this.verdicts);
    this.verdicts = verdicts;
    while (this.refusals.length < size) this.refusals.push(undefined);
    for (const scores of this.scores.values()) {
      const bySlot = new Float64Array(size).fill(NaN);
      bySlot.set(scores.bySlot);
      scores.bySlot = bySlot;
    }
  }
}
