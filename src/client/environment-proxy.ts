// The proxy that the environment names for a server, as Go's programs understand HTTPS_PROXY, HTTP_PROXY and NO_PROXY: kubectl among them.
// Follows golang.org/x/net/http/httpproxy: what is on this machine is never asked for through a proxy.
import { BlockList, isIP } from 'node:net';

export type Environment = Readonly<Record<string, string | undefined>>;

/** @param server a URL @returns the proxy's URL; undefined where the server is reached without one */
export function proxyFromEnvironment(server: string, env: Environment): string | undefined {
  const { protocol, hostname, port } = new URL(server);
  const isSecure = protocol === 'https:';
  const proxy = named(env, isSecure ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (proxy === undefined) return undefined;
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (isLocal(host) || isExempt(host, port || (isSecure ? '443' : '80'), named(env, 'NO_PROXY') ?? '')) return undefined;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

/** In capitals first. */
const named = (env: Environment, name: string): string | undefined => env[name] || env[name.toLowerCase()] || undefined;

const isLocal = (host: string): boolean => host === 'localhost' || isIn(host, '127.0.0.0', 8) || isIn(host, '::1', 128);

/** @param list names with all below them, names with a dot in front for those alone, addresses, networks, each perhaps with a port; or `*` */
function isExempt(host: string, port: string, list: string): boolean {
  return list
    .toLowerCase()
    .split(',')
    .map((entry) => entry.trim())
    .some((entry) => entry !== '' && (entry === '*' || exempts(entry, host, port)));
}

function exempts(entry: string, host: string, port: string): boolean {
  const [, network, bits] = /^([0-9a-f.:]+)\/(\d+)$/.exec(entry) ?? [];
  if (network !== undefined && isIP(network)) return isIn(host, network, Number(bits));
  const [, inBrackets, name = inBrackets, itsPort] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [
    '',
    undefined,
    entry,
    undefined,
  ];
  if (!name || (itsPort !== undefined && itsPort !== port)) return false;
  if (isIP(name)) return isIn(host, name, isIP(name) === 4 ? 32 : 128);
  const suffix = name.replace(/^\*(?=\.)/, '');
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function isIn(host: string, network: string, bits: number): boolean {
  const [family, of] = [isIP(host), isIP(network)];
  if (family === 0 || family !== of || bits > (of === 4 ? 32 : 128)) return false;
  const type = of === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(network, bits, type);
  return list.check(host, type);
}
