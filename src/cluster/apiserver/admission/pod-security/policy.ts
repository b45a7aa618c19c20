// What the labels of a namespace ask of its pods. Follows api/helpers.go and policy/registry.go of k8s.io/pod-security-admission.
import { invalid, Path, type FieldError } from '../../../../apimachinery/validation/field-error.ts';
import { baseline } from './baseline.ts';
import type { Check, CheckPod, PodToCheck, Violation } from './check.ts';
import { restricted } from './restricted.ts';

const PREFIX = 'pod-security.kubernetes.io/';
const LABELS = Path.of('metadata', 'labels');
/** From the freest to the strictest. */
const LEVELS = ['privileged', 'baseline', 'restricted'] as const;
/** What `latest` means: the version of this API server. */
const LATEST = 36;

export type Level = (typeof LEVELS)[number];
export type Mode = 'enforce' | 'audit' | 'warn';

export interface LevelVersion {
  readonly level: Level;
  readonly version: string;
}

export type SecurityPolicy = Readonly<Record<Mode, LevelVersion>>;

const isLevel = (text: string): text is Level => (LEVELS as readonly string[]).includes(text);
const isVersion = (text: string): boolean => /^(?:latest|v1\.(?:0|[1-9]\d*))$/.test(text);

export const nameOf = ({ level, version }: LevelVersion): string => `${level}:${version}`;
export const isStricter = (a: LevelVersion, b: LevelVersion): boolean => LEVELS.indexOf(a.level) > LEVELS.indexOf(b.level);

/** Labels that are wrong count as the strictest level where they enforce, else as the freest. */
export function policyOf(labels: Readonly<Record<string, string>> = {}): { policy: SecurityPolicy; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const read = (mode: Mode, fallback: Level): LevelVersion => {
    const level = labels[PREFIX + mode];
    if (level !== undefined && !isLevel(level))
      errors.push(invalid(LABELS.key(PREFIX + mode), level, `must be one of ${LEVELS.join(', ')}`));
    const version = labels[`${PREFIX}${mode}-version`];
    if (version !== undefined && !isVersion(version))
      errors.push(invalid(LABELS.key(`${PREFIX}${mode}-version`), version, 'must be "latest" or "v1.x"'));
    return {
      level: level === undefined ? 'privileged' : isLevel(level) ? level : fallback,
      version: version !== undefined && isVersion(version) ? version : 'latest',
    };
  };
  const enforce = read('enforce', 'restricted');
  const audit = read('audit', 'privileged');
  let warn = read('warn', 'privileged');
  const level = labels[`${PREFIX}enforce`];
  // what is enforced is warned of, for workloads, whose pods come later
  if (labels[`${PREFIX}warn`] === undefined && level !== undefined && isLevel(level) && isStricter(enforce, warn))
    warn = { level: enforce.level, version: labels[`${PREFIX}warn-version`] === undefined ? enforce.version : warn.version };
  return { policy: { enforce, audit, warn }, errors };
}

function checksOf(level: Level, minor: number): readonly CheckPod[] {
  const inVersion = (check: Check): readonly [] | readonly [readonly [Check, CheckPod]] => {
    const version = check.versions.findLast(([since]) => since <= minor);
    return version ? [[check, version[1]]] : [];
  };
  const stricter = level === 'restricted' ? restricted.flatMap((check) => inVersion(check)) : [];
  const overridden = new Set(stricter.map(([{ overrides }]) => overrides));
  return [...baseline.filter(({ id }) => !overridden.has(id)).flatMap((check) => inVersion(check)), ...stricter].map(([, check]) => check);
}

const compiled = new Map<string, readonly CheckPod[]>();

/** What a level does not allow of a pod. */
export function violationsOf({ level, version }: LevelVersion, pod: PodToCheck): Violation[] {
  if (level === 'privileged') return [];
  const minor = version === 'latest' ? LATEST : Math.min(Number(version.slice('v1.'.length)), LATEST);
  const key = `${level}:${minor}`;
  let checks = compiled.get(key);
  if (!checks) compiled.set(key, (checks = checksOf(level, minor)));
  return checks.flatMap((check) => check(pod) ?? []);
}

export const reasonsOf = (violations: readonly Violation[]): string => violations.map(({ reason }) => reason).join(', ');
export const detailsOf = (violations: readonly Violation[]): string =>
  violations.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');
