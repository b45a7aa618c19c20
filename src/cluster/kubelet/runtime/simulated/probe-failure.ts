// What a probe says that finds nobody at home.
import type { Container, Probe } from '#api/core/v1';

export function probeFailure(probe: Probe, container: Container, podIP: string): string {
  const { httpGet, tcpSocket, grpc, timeoutSeconds = 1 } = probe;
  if (httpGet) {
    const host = `${httpGet.host ?? podIP}:${portNumber(httpGet.port, container)}`;
    const url = `${(httpGet.scheme ?? 'HTTP').toLowerCase()}://${host}${httpGet.path ?? '/'}`;
    return `Get "${url}": dial tcp ${host}: connect: connection refused`;
  }
  if (tcpSocket) return `dial tcp ${tcpSocket.host ?? podIP}:${portNumber(tcpSocket.port, container)}: connect: connection refused`;
  if (grpc) return `timeout: failed to connect service "${podIP}:${grpc.port}" within ${timeoutSeconds}s: context deadline exceeded`;
  return '';
}

const portNumber = (port: number | string, container: Container): number | string =>
  typeof port === 'number' ? port : (container.ports?.find((p) => p.name === port)?.containerPort ?? port);
