// How simulated containers behave, as data. A document is plain JSON (so it can be written as YAML): a list of rules, each saying for
// which containers it is and what it changes. All rules that match apply in order, later ones over earlier ones; then what a container's
// command says by itself; then the pod's own annotations:
//
//   jibe.dev/behaviour: '{"ready": "5s"}'            a behaviour as JSON, for all containers of the pod
//   jibe.dev/behaviour.<container>: '{...}'          for one of them
//   jibe.dev/behaviour-ready: 5s | never             single fields: also -start, -stop, -pull, -pull-error (the message),
//   jibe.dev/behaviour-exit: "1" | "1 after 5s"      -pending, -linger, -ignores-sigterm ("true" or empty)
//   jibe.dev/behaviour-cpu: 250m | 80%               what is used, of the request where it is a share: also -memory
//
// Durations are Go's: `500ms`, `1m30s`.
import type { Container, Pod } from '#api/core/v1';
import { isObject } from '../../../../apimachinery/object.ts';
import { parseDuration } from '../../../../apimachinery/time.ts';
import type { KubeletTraits } from '../../traits.ts';
import { usageCurve, UsageError, type UsageSpec } from './usage.ts';
import type { ContainerCurves } from './usage-meter.ts';

export interface BehaviourDocument {
  /** What kind of kubelet runs the pods: see {@link KubeletTraits}. Default: a full one; beside Stages one like kwok's. */
  readonly kubelet?: 'full' | 'kwok' | (Partial<KubeletTraits> & { readonly like?: 'full' | 'kwok' });
  readonly rules: readonly BehaviourRule[];
  /** kwok's Stages, as their manifests: what they are for lives as they tell, and the rules count for all others. */
  readonly stages?: readonly unknown[];
  /** Whether commands like `sleep 5` do what they say. Default: true. */
  readonly commands?: boolean;
}

export interface BehaviourRule {
  /** Absent: all containers. */
  readonly when?: BehaviourSelector;
  readonly then: Behaviour;
}

/** All that is given must hold. Texts may have `*` for any characters; of a list one must match. */
export interface BehaviourSelector {
  readonly image?: string | readonly string[];
  readonly container?: string | readonly string[];
  readonly namespace?: string | readonly string[];
  /** The kind of the controller: `Job`. */
  readonly owner?: string | readonly string[];
  /** `true`: is there, `false`: is not. */
  readonly labels?: Readonly<Record<string, string | boolean | readonly string[]>>;
  readonly annotations?: Readonly<Record<string, string | boolean | readonly string[]>>;
}

export interface Behaviour {
  /** The pod stays Pending as long as this holds. */
  readonly pending?: boolean;
  /** How long a pull of the image takes the first time on a node, or the words with which it fails. */
  readonly pull?: { readonly duration?: string; readonly error?: string; readonly sizeBytes?: number };
  /** From the creation of a container until its process runs. */
  readonly start?: string;
  /** From the start of the process until it serves: declared probes then succeed. Without any the container is ready then too. */
  readonly ready?: string | 'never';
  /** From the start on: liveness probes fail from then. */
  readonly unhealthy?: string | 'never';
  /** The process ends by itself: `codeFrom` names an annotation that has the code. */
  readonly exit?: 'never' | { readonly code?: number; readonly codeFrom?: string; readonly after?: string; readonly reason?: 'OOMKilled' };
  /** Takes the place of the pod's own. */
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  /** How the process ends on SIGTERM. */
  readonly stop?: { readonly after?: string; readonly code?: number; readonly ignoresSigterm?: boolean };
  /** A deleted pod stays as long as this holds. */
  readonly linger?: boolean;
  /** Written to stdout at the start. */
  readonly logs?: readonly string[];
  /** What the process uses of processors and memory. Default: half of what the container requests. */
  readonly usage?: { readonly cpu?: UsageSpec; readonly memory?: UsageSpec };
}

/** A behaviour ready to be lived: all times in milliseconds, Infinity for never. */
export interface ContainerPlan {
  readonly pending: boolean;
  readonly pullMs: number;
  readonly pullError: string | undefined;
  readonly imageBytes: number;
  readonly startMs: number;
  readonly readyMs: number;
  readonly unhealthyMs: number;
  readonly exit: { readonly code: number; readonly afterMs: number; readonly reason: 'OOMKilled' | undefined } | undefined;
  readonly restartPolicy: string | undefined;
  readonly stopMs: number;
  readonly stopCode: number;
  readonly ignoresSigterm: boolean;
  readonly linger: boolean;
  readonly logs: readonly string[];
  readonly usage: ContainerCurves;
}

export class BehaviourError extends Error {
  override readonly name = 'BehaviourError';
}

const PREFIX = 'jibe.dev/behaviour';

/** What the rules and the annotations make of a container; undefined fields are not said. */
export function behaviourOf(document: BehaviourDocument, pod: Pod, container: Container, command: Behaviour | undefined): Behaviour {
  let merged: Behaviour = {};
  for (const { when, then } of document.rules) if (!when || selects(when, pod, container)) merged = overlay(merged, then);
  if (command) merged = overlay(merged, command);
  return overlay(merged, annotated(pod, container.name));
}

/** Of parts (pull, stop, usage) what is not said is kept. */
function overlay(under: Behaviour, over: Behaviour): Behaviour {
  return {
    ...under,
    ...over,
    ...(under.pull && over.pull ? { pull: { ...under.pull, ...over.pull } } : {}),
    ...(under.stop && over.stop ? { stop: { ...under.stop, ...over.stop } } : {}),
    ...(under.usage && over.usage ? { usage: { ...under.usage, ...over.usage } } : {}),
  };
}

export function selects(when: BehaviourSelector, pod: Pod, container: Container): boolean {
  const { metadata } = pod;
  const owner = metadata.ownerReferences?.find((o) => o.controller) ?? metadata.ownerReferences?.[0];
  return (
    matches(when.image, container.image ?? '') &&
    matches(when.container, container.name) &&
    matches(when.namespace, metadata.namespace ?? '') &&
    matches(when.owner, owner?.kind ?? '') &&
    matchesAll(when.labels, metadata.labels) &&
    matchesAll(when.annotations, metadata.annotations)
  );
}

function matchesAll(wanted: BehaviourSelector['labels'], values: Readonly<Record<string, string>> | undefined): boolean {
  for (const [key, want] of Object.entries(wanted ?? {})) {
    const value = values?.[key];
    if (typeof want === 'boolean') {
      if (want !== (value !== undefined)) return false;
    } else if (value === undefined || !matches(want, value)) return false;
  }
  return true;
}

const globs = new Map<string, RegExp>();

function matches(wanted: string | readonly string[] | undefined, value: string): boolean {
  if (wanted === undefined) return true;
  if (typeof wanted !== 'string') return wanted.some((w) => matches(w, value));
  if (!wanted.includes('*')) return wanted === value;
  let glob = globs.get(wanted);
  if (!glob) {
    glob = new RegExp(
      `^${wanted
        .split('*')
        .map((s) => s.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
        .join('.*')}$`,
      's',
    );
    globs.set(wanted, glob);
  }
  return glob.test(value);
}

function annotated({ metadata: { annotations = {} } }: Pod, container: string): Behaviour {
  let said: Behaviour = {};
  for (const key of [PREFIX, `${PREFIX}.${container}`]) {
    const text = annotations[key];
    if (text !== undefined) said = overlay(said, parseBehaviour(text, key));
  }
  for (const [field, read] of Object.entries(SHORTHANDS)) {
    const text = annotations[`${PREFIX}-${field}`];
    if (text !== undefined) said = overlay(said, read(text));
  }
  return said;
}

const flag = (text: string): boolean => text !== 'false';

const SHORTHANDS: Readonly<Record<string, (text: string) => Behaviour>> = {
  start: (start) => ({ start }),
  ready: (ready) => ({ ready }),
  stop: (after) => ({ stop: { after } }),
  'ignores-sigterm': (text) => ({ stop: { ignoresSigterm: flag(text) } }),
  pull: (duration) => ({ pull: { duration } }),
  'pull-error': (error) => ({ pull: { error } }),
  pending: (text) => ({ pending: flag(text) }),
  linger: (text) => ({ linger: flag(text) }),
  cpu: (cpu) => ({ usage: { cpu } }),
  memory: (memory) => ({ usage: { memory } }),
  exit(text) {
    const match = /^(\d+)(?:\s+after\s+(\S+))?$/.exec(text.trim());
    if (!match) throw new BehaviourError(`${PREFIX}-exit: "${text}" is not a code, nor "code after duration"`);
    return { exit: { code: Number(match[1]), ...(match[2] ? { after: match[2] } : {}) } };
  },
};

function parseBehaviour(text: string, where: string): Behaviour {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BehaviourError(`${where}: not JSON`, { cause: error });
  }
  if (!isObject(value)) throw new BehaviourError(`${where}: not an object`);
  return checkBehaviour(value, where);
}

const FIELDS = new Set(['pending', 'pull', 'start', 'ready', 'unhealthy', 'exit', 'restartPolicy', 'stop', 'linger', 'logs', 'usage']);

/** Throws {@link BehaviourError} for fields that nobody knows and durations that are none. */
export function checkBehaviour(value: Readonly<Record<string, unknown>>, where: string): Behaviour {
  for (const field of Object.keys(value)) if (!FIELDS.has(field)) throw new BehaviourError(`${where}: unknown field "${field}"`);
  const behaviour = value as Behaviour;
  planOf(behaviour, undefined);
  return behaviour;
}

/** Throws {@link BehaviourError} for a document that does not make sense, naming the rule. */
export function checkDocument(document: BehaviourDocument): BehaviourDocument {
  const rules: unknown = isObject(document) ? document.rules : undefined;
  if (!Array.isArray(rules)) throw new BehaviourError('rules: must be a list');
  for (const [i, rule] of rules.entries()) {
    if (!isObject(rule) || !isObject(rule['then'])) throw new BehaviourError(`rules[${i}].then: must say what the rule changes`);
    checkBehaviour(rule['then'], `rules[${i}].then`);
  }
  return document;
}

/** Milliseconds; `never` is Infinity. */
function duration(text: string | undefined, byDefault: number): number {
  if (text === undefined) return byDefault;
  if (text === 'never') return Infinity;
  const ns = parseDuration(text);
  if (ns === undefined || ns < 0) throw new BehaviourError(`"${text}" is not a duration`);
  return ns / 1e6;
}

/** Small and realistic. */
const PULL_MS = 1000;
const START_MS = 500;
const STOP_MS = 500;
const IMAGE_BYTES = 50_000_000;

/** @param pod for a code that an annotation gives */
export function planOf(b: Behaviour, pod: Pod | undefined): ContainerPlan {
  const exit = b.exit === undefined || b.exit === 'never' ? undefined : b.exit;
  const named = exit?.codeFrom === undefined ? undefined : Number(pod?.metadata.annotations?.[exit.codeFrom]);
  return {
    pending: b.pending ?? false,
    pullMs: duration(b.pull?.duration, PULL_MS),
    pullError: b.pull?.error,
    imageBytes: b.pull?.sizeBytes ?? IMAGE_BYTES,
    startMs: duration(b.start, START_MS),
    readyMs: duration(b.ready, 0),
    unhealthyMs: duration(b.unhealthy, Infinity),
    exit: exit && {
      code: Number.isInteger(named) ? named! : (exit.code ?? 0),
      afterMs: duration(exit.after, 0),
      reason: exit.reason,
    },
    restartPolicy: b.restartPolicy,
    stopMs: duration(b.stop?.after, STOP_MS),
    stopCode: b.stop?.code ?? 0,
    ignoresSigterm: b.stop?.ignoresSigterm ?? false,
    linger: b.linger ?? false,
    logs: b.logs ?? [],
    usage: curvesOf(b.usage),
  };
}

/** Of containers of which nothing is said. */
const BY_DEFAULT: ContainerCurves = { cpu: usageCurve(), memory: usageCurve() };

function curvesOf(usage: Behaviour['usage']): ContainerCurves {
  if (!usage) return BY_DEFAULT;
  try {
    return { cpu: usageCurve(usage.cpu), memory: usageCurve(usage.memory) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new BehaviourError(error.message, { cause: error });
  }
}
