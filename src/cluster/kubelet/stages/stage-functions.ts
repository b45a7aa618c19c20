// What templates of Stages may call: kwok's own functions, and those of sprig. Follows kwok's pkg/utils/gotpl.
import { encodeJson } from '../../../apimachinery/json/encode.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import { counted, text } from '../../../apimachinery/go-template/functions.ts';
import { integerArgument, wrongType, type TemplateFunctions } from '../../../apimachinery/go-template/signature.ts';
import { plainJson } from '../../../apimachinery/go-template/plain-json.ts';
import { SPRIG } from '../../../apimachinery/go-template/sprig.ts';
import { formatTime } from '../../../apimachinery/time.ts';
import { writeYaml } from '../../../apimachinery/yaml/write.ts';

/** What the functions know of the cluster. */
export interface StageSurroundings {
  now(): number;
  /** Of a node, the first being its `hostIP`; empty where it is unknown or has none. */
  nodeIPs(node: string): readonly string[];
  /** Those that the pod has, or else gets. */
  podIPs(node: string, podUid: string): readonly string[];
  /** Where a node's kubelet listens. */
  readonly kubeletPort: number;
}

/** kwok's, whose behaviour is followed. */
const VERSION = 'v0.8.0';

/** For a check of templates that are not executed. */
export const NOWHERE: StageSurroundings = { now: () => 0, nodeIPs: () => [], podIPs: () => [], kubeletPort: 0 };

/** @param about the name of the node or of the pod's node, for functions that are not told which is meant */
export function stageFunctions(
  around: StageSurroundings,
  about: () => { readonly node: string; readonly podUid: string },
): TemplateFunctions {
  const startMs = around.now();
  const nodeIPs = (node: unknown): readonly string[] => around.nodeIPs(text(node));
  const podIPs = (args: readonly unknown[]): readonly string[] => {
    const [node, hostNetwork, uid, name, namespace] = counted(args, 5);
    for (const arg of [uid, name, namespace]) text(arg);
    if (typeof hostNetwork !== 'boolean') throw wrongType(hostNetwork, 'bool');
    return hostNetwork ? nodeIPs(node) : around.podIPs(text(node), text(uid));
  };
  return {
    ...SPRIG,
    Quote: (...args) => quoted(counted(args, 1)[0]),
    Now: () => formatTime(around.now()),
    StartTime: () => formatTime(startMs),
    YAML: (...args) => yaml(counted(args, 1, 2)),
    Version: () => VERSION,
    NodeConditions: () => NODE_CONDITIONS,
    NodeName: () => about().node,
    NodePort: () => BigInt(around.kubeletPort),
    NodeIP: () => nodeIPs(about().node)[0] ?? '',
    NodeIPWith: (...args) => nodeIPs(counted(args, 1)[0])[0] ?? '',
    NodeIPsWith: (...args) => nodeIPs(counted(args, 1)[0]),
    PodIP: () => around.podIPs(about().node, about().podUid)[0] ?? '',
    PodIPWith: (...args) => podIPs(args)[0] ?? '',
    PodIPsWith: (...args) => podIPs(args),
  };
}

/** A text in double quotes; what is no text, as JSON in them. */
function quoted(value: unknown): string {
  const json = encodeJson(plainJson(value));
  return json.startsWith('"') ? json : quote(json);
}

/** @param args the value, and by how many levels it is indented: then it begins on a line of its own */
function yaml([value, levels]: readonly unknown[]): string {
  const written = writeYaml(plainJson(value));
  if (levels === undefined || integerArgument(levels) <= 0) return written;
  const pad = '  '.repeat(Math.min(integerArgument(levels), 100));
  return `\n${written}`.replaceAll('\n', `\n${pad}`);
}

const condition = (type: string, status: string, reason: string, message: string) => ({ type, status, reason, message });

/** Of a node that is well. */
const NODE_CONDITIONS = [
  condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
  condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
  condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
  condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
  condition('NetworkUnavailable', 'False', 'RouteCreated', 'RouteController created a route'),
];
