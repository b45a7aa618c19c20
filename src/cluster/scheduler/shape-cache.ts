// What is known of each node for pods of one shape: the verdict and the scores of the plugins that look at the node alone. It holds until
// the node's generation changes, so that the next pod of the shape costs what has changed since. Bounded; a shape is remembered from the
// second time on that it is seen.
import type { PodScorer, Snapshot } from './framework.ts';
import type { NodeRefusal } from './cycle.ts';
import type { NodeInfo } from './node-info.ts';
import type { Shape } from './pod-info.ts';

/** Nodes, times shapes, that are kept all in all. */
const MAX_KEPT = 500_000;
const MIN_SHAPES = 8;

export class ShapeCache {
  private readonly shapes = new Map<Shape, ShapeKnowledge>();
  private seen = new WeakSet<Shape>();
  private snapshot: Snapshot | undefined;

  of(shape: Shape, snapshot: Snapshot): ShapeKnowledge | undefined {
    if (snapshot !== this.snapshot) {
      this.shapes.clear();
      this.snapshot = snapshot;
    }
    let known = this.shapes.get(shape);
    if (known) {
      if (known.used !== snapshot.position) {
        known.used = snapshot.position;
        this.shapes.delete(shape);
        this.shapes.set(shape, known);
      }
      return known;
    }
    if (!this.seen.has(shape)) {
      this.seen.add(shape);
      return undefined;
    }
    known = new ShapeKnowledge(snapshot.nodes.length);
    this.shapes.set(shape, known);
    if (this.shapes.size > Math.max(MIN_SHAPES, MAX_KEPT / snapshot.nodes.length)) {
      const [oldest] = this.shapes.keys();
      this.shapes.delete(oldest!);
    }
    return known;
  }
}

export class ShapeKnowledge {
  used = 0;
  /** By slot, as all that follows: the generation of which it is known. */
  private readonly generations: number[];
  private readonly refusals: (NodeRefusal | undefined)[];
  private readonly byPlugin = new Map<string, { readonly generations: number[]; readonly scores: number[] }>();
  private readonly size: number;

  /** @param size nodes there are; more may come */
  constructor(size: number) {
    this.size = size;
    this.generations = Array<number>(size).fill(-1);
    this.refusals = Array<NodeRefusal | undefined>(size).fill(undefined);
  }

  verdict(node: NodeInfo, look: () => NodeRefusal | undefined): NodeRefusal | undefined {
    const { slot, generation } = node;
    if (this.generations[slot] === generation) return this.refusals[slot];
    const refusal = look();
    this.generations[slot] = generation;
    this.refusals[slot] = refusal;
    return refusal;
  }

  /** Before they are normalized. */
  scores(plugin: string, scorer: PodScorer, nodes: readonly NodeInfo[], into: Float64Array): void {
    let known = this.byPlugin.get(plugin);
    if (!known) {
      known = { generations: Array<number>(this.size).fill(-1), scores: Array<number>(this.size).fill(0) };
      this.byPlugin.set(plugin, known);
    }
    const { generations, scores } = known;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      const { slot } = node;
      if (generations[slot] !== node.generation) {
        generations[slot] = node.generation;
        scores[slot] = scorer.score(node);
      }
      into[i] = scores[slot]!;
    }
  }
}
