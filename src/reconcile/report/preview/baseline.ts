// The hazards that are accepted, as a file that people keep beside their manifests: each by its fingerprint and with a reason. What is
// accepted is shown and does not fail; what is accepted and did not come is told, so that the file does not grow old.
import { isObject } from '../../../apimachinery/object.ts';
import { readYaml } from '../../../apimachinery/yaml/read.ts';
import { atLeast, type Consequence, type Severity } from '../../preview/consequence.ts';
import { objectText } from '../difference-text.ts';
import { toYaml } from '../yaml.ts';
import { fingerprints } from './fingerprint.ts';
import type { ReportedConsequence } from './report.ts';

export interface AcceptedHazard {
  readonly fingerprint: string;
  /** Which one it is, for people: `DataLoss/ClaimDeleted PersistentVolumeClaim shop/uploads`. */
  readonly hazard: string;
  /** Why it is accepted. */
  readonly reason: string;
}

/** Larger files are no baselines. */
const MOST_CHARACTERS = 2_000_000;
const MOST_ENTRIES = 10_000;

/** What stands there until somebody gives the reason. */
const NO_REASON = 'accepted when this file was written; say why';

/** The entries of a file; what is wrong with it is thrown as an Error that says what and where in it. */
export async function parseBaseline(text: string): Promise<AcceptedHazard[]> {
  if (text.length > MOST_CHARACTERS) throw new Error(`it is larger than ${MOST_CHARACTERS} characters`);
  const read = await readYaml(text);
  if (read.faults) throw new Error(read.faults[0]!.message);
  const accepted = isObject(read.value) ? read.value['accepted'] : undefined;
  if (!Array.isArray(accepted)) throw new Error('it has no list `accepted`');
  if (accepted.length > MOST_ENTRIES) throw new Error(`it accepts more than ${MOST_ENTRIES} hazards`);
  return accepted.map((entry: unknown, i): AcceptedHazard => {
    const { fingerprint, hazard = '', reason } = isObject(entry) ? entry : {};
    if (typeof fingerprint !== 'string' || !/^[0-9a-f]{16}$/.test(fingerprint))
      throw new Error(`accepted[${i}].fingerprint: it must be 16 hexadecimal digits in quotes`);
    if (typeof reason !== 'string' || reason.trim() === '') throw new Error(`accepted[${i}].reason: why it is accepted must be said`);
    return { fingerprint, hazard: typeof hazard === 'string' ? hazard : '', reason };
  });
}

/** Each consequence with its fingerprint and whether it is accepted, and the entries that are not about any of them. */
export function judged(
  consequences: readonly Consequence[],
  baseline: readonly AcceptedHazard[],
): { readonly consequences: ReportedConsequence[]; readonly stale: AcceptedHazard[] } {
  const reasons = new Map(baseline.map(({ fingerprint, reason }) => [fingerprint, reason]));
  const names = fingerprints(consequences);
  const found = new Set(names);
  return {
    consequences: consequences.map((consequence, i) => {
      const fingerprint = names[i]!;
      return { ...consequence, fingerprint, accepted: reasons.get(fingerprint) ?? null };
    }),
    stale: baseline.filter(({ fingerprint }) => !found.has(fingerprint)),
  };
}

const HEADER = `# Hazards of jibe preview that are accepted: they are shown, and do not fail. Give each a reason.
# Written by jibe preview --write-baseline; reasons are kept when it is written again.
`;

/** A file that accepts all hazards there are, of this severity or graver. The reasons of those that are accepted already stay. */
export function baselineText(consequences: readonly ReportedConsequence[], least: Severity): string {
  const accepted = consequences
    .filter((consequence) => consequence.accepted !== null || atLeast(consequence, least))
    .map((consequence): AcceptedHazard => ({
      fingerprint: consequence.fingerprint,
      hazard: hazardText(consequence),
      reason: consequence.accepted ?? NO_REASON,
    }));
  return HEADER + toYaml({ accepted });
}

export const hazardText = ({ type, reason, object }: Consequence): string => `${type}/${reason} ${objectText(object)}`;
