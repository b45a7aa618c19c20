// The node ports of a Service and its health check port. Follows pkg/registry/core/service/storage/alloc.go.
import type { Service, ServicePort } from '#api/core/v1';
import { internalServerError, statusError } from '../../../apimachinery/status-error.ts';
import { invalid, Path } from '../../../apimachinery/validation/field-error.ts';
import { NODE_PORTS } from './allocator.ts';
import { refuseService, type WritableSpec } from './ip-families.ts';
import { needsNodePort } from './service-kind.ts';
import type { Taking } from './taking.ts';

const PORTS = Path.of('spec', 'ports');

/** Ports of one number share a node port, as those of two protocols do. */
export function allocateNodePorts(spec: WritableSpec, taken: Taking, name: string): void {
  const given = new Map<number, number>();
  const wanted = spec.ports ?? [];
  spec.ports = wanted.map((port, i): ServicePort => {
    const own = port.nodePort ?? 0;
    if (own === 0 && !needsNodePort({ spec })) return port;
    const shared = given.get(port.port);
    if (shared !== undefined) {
      if (own !== 0 && own !== shared) takePort(taken, own, i, name);
      return own === 0 ? { ...port, nodePort: shared } : port;
    }
    const requested = wanted.find((p) => p.port === port.port && p.nodePort)?.nodePort;
    if (requested) takePort(taken, requested, i, name);
    const nodePort = requested ?? anyPort(taken, 'nodePort');
    given.set(port.port, nodePort);
    return { ...port, nodePort };
  });
}

/** @param old whose node ports need not be taken again */
export function updateNodePorts(spec: WritableSpec, taken: Taking, name: string, old: Service): void {
  const before = new Set((old.spec.ports ?? []).map(({ nodePort }) => nodePort ?? 0));
  const seen = new Set<string>();
  const takenHere = new Set<number>();
  spec.ports = (spec.ports ?? []).map((port, i) => {
    let nodePort = port.nodePort ?? 0;
    if (nodePort === 0 && !needsNodePort({ spec })) return port;
    if (nodePort === 0) nodePort = anyPort(taken, 'nodePort');
    else if (!before.has(nodePort) && !takenHere.has(nodePort)) {
      takePort(taken, nodePort, i, name);
      takenHere.add(nodePort);
    }
    const key = `{${port.protocol ?? ''} ${nodePort}}`;
    if (seen.has(key)) throw statusError({ code: 500, reason: '', message: `duplicate nodePort: ${key}` });
    seen.add(key);
    return { ...port, nodePort };
  });
}

export function allocateHealthCheckNodePort(spec: WritableSpec, taken: Taking): void {
  const wanted = spec.healthCheckNodePort ?? 0;
  if (wanted === 0) {
    spec.healthCheckNodePort = anyPort(taken, 'HealthCheck NodePort');
    return;
  }
  const why = taken.port(wanted);
  if (why) throw internalServerError(`failed to allocate requested HealthCheck NodePort ${wanted}: ${portWords(why)}`);
}

function anyPort(taken: Taking, what: string): number {
  const found = taken.anyPort();
  if (found === undefined) throw internalServerError(`failed to allocate a ${what}: range is full`);
  return found;
}

function takePort(taken: Taking, nodePort: number, i: number, name: string): void {
  const why = taken.port(nodePort);
  if (why) throw refuseService(name, [invalid(PORTS.index(i).child('nodePort'), nodePort, portWords(why))]);
}

const portWords = (why: 'taken' | 'outside'): string =>
  why === 'taken'
    ? 'provided port is already allocated'
    : `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`;
