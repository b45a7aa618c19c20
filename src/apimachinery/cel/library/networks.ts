// Addresses and networks as values: ip('10.0.0.1'), cidr('10.0.0.0/8'). Follows ip.go and cidr.go of k8s.io/apiserver's CEL library, and
// Go's net/netip.
import { isIPv4, isIPv6 } from 'node:net';
import { opaqueType } from '../cel-type.ts';
import { declare, type FunctionDeclaration, type Implementation } from '../environment.ts';
import { CelError, OpaqueValue, type Value } from '../values.ts';

export class IpValue extends OpaqueValue {
  readonly type = opaqueType('net.IP');
  readonly bits: 32 | 128;
  readonly address: bigint;
  constructor(bits: 32 | 128, address: bigint) {
    super();
    this.bits = bits;
    this.address = address;
  }
  equals(other: OpaqueValue): boolean {
    return this.bits === (other as IpValue).bits && this.address === (other as IpValue).address;
  }
  override size(): number {
    return this.bits / 8;
  }
  override toString(): string {
    return this.bits === 32 ? formatV4(this.address) : formatV6(this.address);
  }
}

export class CidrValue extends OpaqueValue {
  readonly type = opaqueType('net.CIDR');
  readonly ip: IpValue;
  readonly prefix: number;
  constructor(ip: IpValue, prefix: number) {
    super();
    this.ip = ip;
    this.prefix = prefix;
  }
  equals(other: OpaqueValue): boolean {
    return this.prefix === (other as CidrValue).prefix && this.ip.equals((other as CidrValue).ip);
  }
  override size(): number {
    return Math.ceil(this.prefix / 8);
  }
  get masked(): CidrValue {
    const free = BigInt(this.ip.bits - this.prefix);
    return new CidrValue(new IpValue(this.ip.bits, (this.ip.address >> free) << free), this.prefix);
  }
  contains(ip: IpValue): boolean {
    const free = BigInt(this.ip.bits - this.prefix);
    return ip.bits === this.ip.bits && ip.address >> free === this.ip.address >> free;
  }
  override toString(): string {
    return `${this.ip.toString()}/${this.prefix}`;
  }
}

const parseV4 = (text: string): bigint => text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
const formatV4 = (address: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.');

function parseV6(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const groups = (part: string): bigint[] =>
    part === ''
      ? []
      : part.split(':').flatMap((group) => {
          if (!group.includes('.')) return [BigInt(`0x${group}`)];
          const v4 = parseV4(group);
          return [v4 >> 16n, v4 & 0xffffn];
        });
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => 0n);
  return [...first, ...zeros, ...last].reduce((sum, group) => (sum << 16n) | group, 0n);
}

/** The longest run of zeros is left out, the first of several. */
function formatV6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => (address >> BigInt(16 * (7 - i))) & 0xffffn);
  let [best, length] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0n) end++;
    if (end - i > length) [best, length] = [i, end - i];
  }
  const hex = (part: readonly bigint[]): string => part.map((g) => g.toString(16)).join(':');
  return best < 0 ? hex(groups) : `${hex(groups.slice(0, best))}::${hex(groups.slice(best + length))}`;
}

function toIp(text: string): IpValue | CelError {
  if (isIPv4(text)) return new IpValue(32, parseV4(text));
  if (!isIPv6(text))
    return new CelError(
      `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`,
    );
  if (text.includes('%')) return new CelError(`IP address ${JSON.stringify(text)} with zone value is not allowed`);
  const address = parseV6(text);
  if (address >> 32n === 0xffffn) return new CelError(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
  return new IpValue(128, address);
}

function toCidr(text: string): CidrValue | CelError {
  const [, address = '', length = ''] = /^([^/]*)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const ip = toIp(address);
  if (ip instanceof CelError || Number(length) > ip.bits)
    return new CelError(
      `network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): no '/'`,
    );
  return new CidrValue(ip, Number(length));
}

const onIp =
  (f: (ip: IpValue) => Value): Implementation =>
  (ip) =>
    f(ip as IpValue);
const onCidr =
  (f: (cidr: CidrValue) => Value): Implementation =>
  (cidr) =>
    f(cidr as CidrValue);
const onText =
  (f: (text: string) => Value): Implementation =>
  (text) =>
    f(text as string);

const top = (ip: IpValue, bits: number): bigint => ip.address >> BigInt(ip.bits - bits);
const isLoopback = (ip: IpValue): boolean => (ip.bits === 32 ? top(ip, 8) === 127n : ip.address === 1n);
const isMulticast = (ip: IpValue): boolean => (ip.bits === 32 ? top(ip, 4) === 14n : top(ip, 8) === 0xffn);
const isLinkLocalMulticast = (ip: IpValue): boolean =>
  ip.bits === 32 ? top(ip, 24) === 0xe00000n : top(ip, 8) === 0xffn && (top(ip, 16) & 0xfn) === 2n;
const isLinkLocalUnicast = (ip: IpValue): boolean => (ip.bits === 32 ? top(ip, 16) === 0xa9fen : top(ip, 10) === 0x3fan);
const isGlobalUnicast = (ip: IpValue): boolean =>
  ip.address !== 0n && !(ip.bits === 32 && ip.address === 0xffffffffn) && !isLoopback(ip) && !isMulticast(ip) && !isLinkLocalUnicast(ip);

const within = (cidr: CidrValue, other: CidrValue): boolean => cidr.prefix <= other.prefix && cidr.contains(other.ip);

export const networks: readonly FunctionDeclaration[] = [
  declare('ip', {
    'string_to_ip: (string) -> net.IP': onText(toIp),
    'cidr_ip: net.CIDR.() -> net.IP': onCidr((cidr) => cidr.ip),
  }),
  declare('isIP', { 'is_ip: (string) -> bool': onText((text) => toIp(text) instanceof IpValue) }),
  declare('ip.isCanonical', {
    'ip_is_canonical: (string) -> bool': onText((text) => {
      const ip = toIp(text);
      return ip instanceof CelError ? ip : ip.toString() === text;
    }),
  }),
  declare('family', { 'ip_family: net.IP.() -> int': onIp((ip) => (ip.bits === 32 ? 4n : 6n)) }),
  declare('isUnspecified', { 'ip_is_unspecified: net.IP.() -> bool': onIp((ip) => ip.address === 0n) }),
  declare('isLoopback', { 'ip_is_loopback: net.IP.() -> bool': onIp(isLoopback) }),
  declare('isLinkLocalMulticast', { 'ip_is_link_local_multicast: net.IP.() -> bool': onIp(isLinkLocalMulticast) }),
  declare('isLinkLocalUnicast', { 'ip_is_link_local_unicast: net.IP.() -> bool': onIp(isLinkLocalUnicast) }),
  declare('isGlobalUnicast', { 'ip_is_global_unicast: net.IP.() -> bool': onIp(isGlobalUnicast) }),
  declare('string', {
    'ip_to_string: (net.IP) -> string': onIp((ip) => ip.toString()),
    'cidr_to_string: (net.CIDR) -> string': onCidr((cidr) => cidr.toString()),
  }),
  declare('cidr', { 'string_to_cidr: (string) -> net.CIDR': onText(toCidr) }),
  declare('isCIDR', { 'is_cidr: (string) -> bool': onText((text) => toCidr(text) instanceof CidrValue) }),
  declare('containsIP', {
    'cidr_contains_ip_string: net.CIDR.(string) -> bool': (cidr, text) => {
      const ip = toIp(text as string);
      return ip instanceof CelError ? ip : (cidr as CidrValue).contains(ip);
    },
    'cidr_contains_ip_ip: net.CIDR.(net.IP) -> bool': (cidr, ip) => (cidr as CidrValue).contains(ip as IpValue),
  }),
  declare('containsCIDR', {
    'cidr_contains_cidr_string: net.CIDR.(string) -> bool': (cidr, text) => {
      const other = toCidr(text as string);
      return other instanceof CelError ? other : within(cidr as CidrValue, other);
    },
    'cidr_contains_cidr: net.CIDR.(net.CIDR) -> bool': (cidr, other) => within(cidr as CidrValue, other as CidrValue),
  }),
  declare('prefixLength', { 'cidr_prefix_length: net.CIDR.() -> int': onCidr((cidr) => BigInt(cidr.prefix)) }),
  declare('masked', { 'cidr_masked: net.CIDR.() -> net.CIDR': onCidr((cidr) => cidr.masked) }),
];
