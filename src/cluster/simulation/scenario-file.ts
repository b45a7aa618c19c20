// Scenarios as people write them: YAML with a list of steps, each a line that reads as what it does (docs/simulation.md).
import { parseDuration } from '../../apimachinery/time.ts';
import { isObject, type JsonObject, type KubernetesObject, type Manifest } from '../../apimachinery/object.ts';
import { NO_FAULTS, type LinkFaults } from './link.ts';
import type { ObjectName, Scenario, Step } from './scenario.ts';

/** Says where in the document something is wrong, and what is expected there. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';

  constructor(where: string, expected: string) {
    super(`${where}: ${expected}`);
  }
}

/** Gives the manifests of a file that a step names. */
export type LoadManifests = (file: string) => Promise<readonly Manifest<KubernetesObject>[]>;

/** @param document the value of the YAML document. Throws a ScenarioError. */
export async function readScenario(document: unknown, load: LoadManifests): Promise<Scenario> {
  if (!isObject(document)) throw new ScenarioError('the scenario', 'must be an object with `steps`');
  const { nodes = 3, replicas = 2, metrics = false, steps, ...rest } = document;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new ScenarioError(unknown, 'is unknown; there are nodes, replicas, metrics and steps');
  if (typeof metrics !== 'boolean') throw new ScenarioError('metrics', 'must be true or false');
  if (!Array.isArray(steps)) throw new ScenarioError('steps', 'must be a list');
  const read: Step[] = [];
  for (const [i, step] of steps.entries()) read.push(...(await readStep(`steps[${i}]`, step, load)));
  return { nodes: count('nodes', nodes, 1), replicas: count('replicas', replicas, 1), metrics, steps: read };
}

type Reader = (where: string, value: unknown, load: LoadManifests) => readonly Step[] | Promise<readonly Step[]>;

/** By the words that the step begins with. */
const READERS: Readonly<Record<string, Reader>> = {
  advance: (where, value) => [{ do: 'advance', ms: duration(where, value) }],
  apply: async (where, value, load) => (await manifests(where, value, load)).map((object) => ({ do: 'apply', object })),
  scale: (where, value) =>
    entries(where, value).map(([name, replicas]) => ({
      do: 'scale',
      object: objectName(where, name),
      replicas: count(`${where}.${name}`, replicas, 0),
    })),
  delete: (where, value) => [{ do: 'delete', object: objectName(where, value) }],
  'delete pod': (where, value) => [
    { do: 'deletePod', labels: Object.fromEntries(entries(where, value).map(([key, text]) => [key, String(text)])), skip: 0 },
  ],
  cordon: (where, value) => [{ do: 'cordon', node: text(where, value) }],
  drain: (where, value) => [{ do: 'drain', node: text(where, value) }],
  uncordon: (where, value) => [{ do: 'uncordon', node: text(where, value) }],
  'shut down node': (where, value) => [{ do: 'shutDown', node: text(where, value) }],
  'cancel shutdown': (where, value) => [{ do: 'cancelShutDown', node: text(where, value) }],
  'kill node': (where, value) => [{ do: 'powerOff', node: text(where, value) }],
  'start node': (where, value) => [{ do: 'powerOn', node: text(where, value) }],
  partition: (where, value) => [{ do: 'partition', node: text(where, value) }],
  heal: (where, value) => [{ do: 'heal', node: text(where, value) }],
  faults: (where, value) => [{ do: 'faults', faults: faults(where, value) }],
  'drop watches': (where, value) => [{ do: 'dropWatches', expired: oneOf(where, value, ['expired', 'resumable']) === 'expired' }],
  restart: (where, value) => [{ do: 'crash', process: text(where, value) }],
};

async function readStep(where: string, step: unknown, load: LoadManifests): Promise<readonly Step[]> {
  const [entry, ...more] = isObject(step) ? Object.entries(step) : [];
  const reader = entry && Object.hasOwn(READERS, entry[0]) ? READERS[entry[0]] : undefined;
  if (!entry || !reader || more.length) throw new ScenarioError(where, `must be one of ${Object.keys(READERS).join(', ')}`);
  return reader(`${where}.${entry[0]}`, entry[1], load);
}

async function manifests(where: string, value: unknown, load: LoadManifests): Promise<readonly Manifest<KubernetesObject>[]> {
  if (typeof value === 'string') return load(value);
  return (Array.isArray(value) ? value : [value]).map((object: unknown, i) => {
    const { apiVersion, kind, metadata } = isObject(object) ? object : {};
    if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !isObject(metadata) || typeof metadata['name'] !== 'string')
      throw new ScenarioError(
        Array.isArray(value) ? `${where}[${i}]` : where,
        'must be a file, or a manifest with apiVersion, kind and metadata.name',
      );
    return object as Manifest<KubernetesObject>;
  });
}

/** `apps/v1/Deployment/shop/web`, or without a namespace `v1/Node/node-1`. */
function objectName(where: string, value: unknown): ObjectName {
  const parts = text(where, value).split('/');
  const at = parts.findIndex((part) => /^[A-Z]/.test(part));
  const names = parts.slice(at + 1);
  if (at < 1 || names.length < 1 || names.length > 2)
    throw new ScenarioError(where, 'must name an object as apps/v1/Deployment/NAMESPACE/NAME does');
  const [name = '', namespace] = names.reverse();
  return { kind: parts.slice(0, at + 1).join('/'), name, ...(namespace === undefined ? {} : { namespace }) };
}

function faults(where: string, value: unknown): LinkFaults {
  if (value === 'none') return NO_FAULTS;
  const known: Readonly<Record<string, (at: string, v: unknown) => Partial<LinkFaults>>> = {
    'fail writes': (at, v) => ({ failWrites: share(at, v) }),
    'lose answers': (at, v) => ({ loseAnswers: share(at, v) }),
    delay: (at, v) => ({ delayMs: duration(at, v) }),
  };
  let read: LinkFaults = NO_FAULTS;
  for (const [name, of] of entries(where, value)) {
    const reader = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!reader) throw new ScenarioError(`${where}.${name}`, `is unknown; there are none, or ${Object.keys(known).join(', ')}`);
    read = { ...read, ...reader(`${where}.${name}`, of) };
  }
  return read;
}

function entries(where: string, value: unknown): [string, unknown][] {
  if (!isObject(value) || Array.isArray(value)) throw new ScenarioError(where, 'must be an object');
  return Object.entries(value as JsonObject);
}

function text(where: string, value: unknown): string {
  if (typeof value !== 'string' || !value) throw new ScenarioError(where, 'must be a text');
  return value;
}

function oneOf(where: string, value: unknown, of: readonly string[]): string {
  if (typeof value !== 'string' || !of.includes(value)) throw new ScenarioError(where, `must be ${of.join(' or ')}`);
  return value;
}

function count(where: string, value: unknown, least: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least)
    throw new ScenarioError(where, `must be a whole number, at least ${least}`);
  return value;
}

function duration(where: string, value: unknown): number {
  const ns = typeof value === 'string' ? parseDuration(value) : undefined;
  if (ns === undefined || ns < 0) throw new ScenarioError(where, 'must be a duration such as 90s or 5m');
  return ns / 1e6;
}

function share(where: string, value: unknown): number {
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(typeof value === 'string' ? value : '') ?? [];
  if (percent === undefined || Number(percent) > 100) throw new ScenarioError(where, 'must be a share such as 10%');
  return Number(percent) / 100;
}
