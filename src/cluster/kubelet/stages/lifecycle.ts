// Which Stage comes next for an object: of those that match, one by lot, as heavy as its weight. Follows kwok's pkg/utils/lifecycle.
import type { Random } from '../../../apimachinery/random.ts';
import { readStage, type Stage, type StagedKind, type StagedObject } from './stage.ts';
import type { TemplateFunctions } from '../../../apimachinery/go-template/signature.ts';

/** The Stages of all kinds. */
export class Lifecycle {
  private readonly stages: readonly Stage[];

  /** @param manifests checked already: see readStage */
  constructor(manifests: readonly unknown[], functions: TemplateFunctions) {
    this.stages = manifests.flatMap((manifest) => readStage(manifest, functions) ?? []);
  }

  plays(kind: StagedKind): boolean {
    return this.stages.some((stage) => stage.kind === kind);
  }

  /** Whether some Stage may come for the object, now or later. */
  mayPlay(kind: StagedKind, object: StagedObject): boolean {
    return this.stages.some((stage) => stage.kind === kind && stage.selector.mayMatch(object));
  }

  /** Whether one comes for the object as it is. */
  comes(kind: StagedKind, object: StagedObject): boolean {
    return this.matching(kind, object).length > 0;
  }

  next(kind: StagedKind, object: StagedObject, random: Random): Stage | undefined {
    return drawn(this.matching(kind, object), object, random);
  }

  private matching(kind: StagedKind, object: StagedObject): readonly Stage[] {
    return this.stages.filter((stage) => stage.kind === kind && stage.selector.matches(object));
  }
}

/** Those whose weight cannot be read have none; where all weights are 0 each is as likely as the others. */
function drawn(stages: readonly Stage[], object: StagedObject, random: Random): Stage | undefined {
  if (stages.length < 2) return stages[0];
  const weighed = stages.map((stage) => ({ stage, weight: stage.weight(object) }));
  const total = weighed.reduce((sum, { weight = 0 }) => sum + weight, 0);
  if (total === 0) {
    const known = weighed.filter(({ weight }) => weight !== undefined);
    const among = known.length > 0 ? known : weighed;
    return among[random.below(among.length)]!.stage;
  }
  let left = random.below(total);
  for (const { stage, weight = 0 } of weighed) {
    if (weight <= 0) continue;
    left -= weight;
    if (left < 0) return stage;
  }
  return stages.at(-1);
}
