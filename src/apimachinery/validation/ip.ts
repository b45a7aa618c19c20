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
