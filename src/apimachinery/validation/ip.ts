// What is a valid IP address in the API: the strict checks of k8s.io/apimachinery's util/validation/ip.go, with their messages.
import { isIPv4, isIPv6 } from 'node:net';

const LEADING_ZEROS = /^\d+\.\d+\.\d+\.\d+$/;

/** IPv4 or IPv6; no zone, no leading zeros, no IPv4 in disguise. */
export function isValidIP(value: string): string[] {
  if (isIPv4(value)) return [];
  if (isIPv6(value) && !value.includes('%')) return /^::ffff:/i.test(value) ? ['must not be an IPv4-mapped IPv6 address'] : [];
  // Go's older parser took 010 for 10
  if (LEADING_ZEROS.test(value) && value.split('.').every((part) => Number(part) <= 255)) return ['must not have leading 0s'];
  return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
}

/** As stored objects may have it: leading zeros and IPv4-mapped addresses pass. */
export function isValidIPForLegacyField(value: string): string[] {
  const wrong = isValidIP(value);
  return wrong.length && wrong[0]!.startsWith('must be a valid') ? wrong : [];
}

export const isIPv6Address = (value: string): boolean => value.includes(':');

const NOT_A_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** An address and the length of its prefix. */
export function isValidCIDR(value: string): string[] {
  const [, ip = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(value) ?? [];
  if (!isIPv4(ip) && !(isIPv6(ip) && !ip.includes('%'))) return [NOT_A_CIDR];
  if (Number(bits) > (isIPv4(ip) ? 32 : 128) || (bits.length > 1 && bits.startsWith('0'))) return [NOT_A_CIDR];
  return [];
}

/** What is an address, but not one that a pod or a load balancer can have. Follows ValidateNonSpecialIP of pkg/apis/core/validation. */
export function specialIP(value: string): string[] {
  if (isValidIPForLegacyField(value).length) return ['must be a valid IP address'];
  const ip = value.toLowerCase();
  const [a = 0, b = 0, c = 0] = isIPv6Address(ip) ? [] : ip.split('.').map(Number);
  const wrong: string[] = [];
  if (ip === '0.0.0.0' || (isIPv6Address(ip) && /^[0:]+$/.test(ip))) wrong.push(`may not be unspecified ("${value}")`);
  if (a === 127 || /^(0{0,4}:)*0{0,3}1$/.test(ip)) wrong.push('may not be in the loopback range (127.0.0.0/8, ::1/128)');
  if ((a === 169 && b === 254) || /^fe[89ab][0-9a-f]:/.test(ip))
    wrong.push('may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  if ((a === 224 && b === 0 && c === 0) || ip.startsWith('ff02:'))
    wrong.push('may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
  return wrong;
}
