// The formats that strings of custom resources may have. What is not listed is not checked. Follows kube-openapi's strfmt, and
// apiextensions-apiserver's list of those that it supports.
import { isIPv6Address, isValidCIDR, isValidIP } from '../../../apimachinery/validation/ip.ts';
import { isDNS1123Label, isDNS1123Subdomain } from '../../../apimachinery/validation/names.ts';
import { RFC3339, RFC3339_MICRO, TimeError, parseTime, parseDuration } from '../../../apimachinery/time.ts';

const matches =
  (regexp: RegExp): ((text: string) => boolean) =>
  (text) =>
    regexp.test(text);

const HEX_BYTES = '[0-9a-fA-F]{2}';
const UUID = (version: string, variant: string): ((text: string) => boolean) =>
  matches(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i'));

function isDate(text: string): boolean {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!parts) return false;
  const [, year, month, day] = parts.map(Number) as [number, number, number, number];
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year);
  return month >= 1 && month <= 12 && day >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function isDateTime(text: string): boolean {
  for (const layout of [RFC3339, RFC3339_MICRO] as const) {
    try {
      parseTime(text, layout);
      return true;
    } catch (error) {
      if (!(error instanceof TimeError)) throw error;
    }
  }
  return /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d)?$/.test(text) && isDate(text.slice(0, 10));
}

/** Go's durations, and long units as in `3 days`. */
const isDuration = (text: string): boolean =>
  parseDuration(text) !== undefined ||
  /^(?:\d+\s*(?:ns|nanoseconds?|us|µs|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)\s*)+$/i.test(
    text,
  );

/** What http.ParseRequestURI accepts: a scheme, or a path from the root. */
const isURI = (text: string): boolean =>
  (/^[A-Za-z][A-Za-z0-9+.-]*:./.test(text) || text.startsWith('/')) && !/[\s\x00-\x1f\x7f]/.test(text) && !/%(?![0-9a-fA-F]{2})/.test(text);

const isHostname = (text: string): boolean =>
  text.length <= 255 && text.split('.').every((label) => /^[\p{L}\p{S}\p{N}](?:[\p{L}\p{S}\p{N}-]{0,61}[\p{L}\p{S}\p{N}])?$/u.test(label));

function luhn(text: string): boolean {
  const digits = text.replace(/[^0-9]/g, '');
  if (!/^\d{13,16}$/.test(digits)) return false;
  let sum = 0;
  [...digits].reverse().forEach((d, i) => (sum += i % 2 ? (Number(d) * 2 > 9 ? Number(d) * 2 - 9 : Number(d) * 2) : Number(d)));
  return sum % 10 === 0;
}

function isIsbn(text: string, length: 10 | 13): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (length === 10)
    return /^\d{9}[\dX]$/.test(digits) && [...digits].reduce((sum, d, i) => sum + (d === 'X' ? 10 : Number(d)) * (10 - i), 0) % 11 === 0;
  return /^97[89]\d{10}$/.test(digits) && [...digits].reduce((sum, d, i) => sum + Number(d) * (i % 2 ? 3 : 1), 0) % 10 === 0;
}

/** By name without hyphens: `date-time` and `datetime` are one. */
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: matches(/^[0-9a-fA-F]{24}$/),
  uri: isURI,
  email: matches(
    /^(?:[^<>@]*<)?(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]|[^\x00-\x7f])+@(?:\[[^\]]+\]|(?:[A-Za-z0-9-]|[^\x00-\x7f])+(?:\.(?:[A-Za-z0-9-]|[^\x00-\x7f])+)*)>?$/,
  ),
  hostname: isHostname,
  ipv4: (text) => isValidIP(text).length === 0 && !isIPv6Address(text),
  ipv6: (text) => isValidIP(text).length === 0 && isIPv6Address(text),
  cidr: (text) => isValidCIDR(text).length === 0,
  mac: matches(
    new RegExp(
      `^(?:${HEX_BYTES}([:-])${HEX_BYTES}(?:\\1${HEX_BYTES}){4}(?:(?:\\1${HEX_BYTES}){2})?(?:(?:\\1${HEX_BYTES}){12})?|[0-9a-fA-F]{4}(?:\\.[0-9a-fA-F]{4}){2,3})$`,
    ),
  ),
  uuid: UUID('[0-9a-f]', '[0-9a-f]'),
  uuid3: UUID('3', '[0-9a-f]'),
  uuid4: UUID('4', '[89ab]'),
  uuid5: UUID('5', '[89ab]'),
  isbn: (text) => isIsbn(text, 10) || isIsbn(text, 13),
  isbn10: (text) => isIsbn(text, 10),
  isbn13: (text) => isIsbn(text, 13),
  creditcard: luhn,
  ssn: matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matches(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: matches(/^rgb\(\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*(?:,\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*){2}\)$/),
  byte: (text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text),
  password: () => true,
  date: isDate,
  datetime: isDateTime,
  duration: isDuration,
  k8sshortname: (text) => isDNS1123Label(text).length === 0,
  k8slongname: (text) => isDNS1123Subdomain(text).length === 0,
};

const NUMERIC = new Set(['int32', 'int64', 'float', 'double']);

const normal = (format: string): string => format.replaceAll('-', '').toLowerCase();

export const isStringFormat = (format: string): boolean => Object.hasOwn(FORMATS, normal(format));

/** Others are stored, and the client is warned. */
export const isKnownFormat = (format: string): boolean => isStringFormat(format) || NUMERIC.has(format);

const FORMATS_OF_NUMBERS: Readonly<Record<string, readonly string[]>> = { integer: ['int32', 'int64'], number: ['float', 'double'] };

/** Values of other types have none. */
export const isFormatOf = (format: string, type = ''): boolean =>
  type === '' || type === 'string' ? isStringFormat(format) : (FORMATS_OF_NUMBERS[type]?.includes(format) ?? false);

/** Anything has a format that is not known. */
export function hasFormat(text: string, format: string): boolean {
  const name = normal(format);
  return !Object.hasOwn(FORMATS, name) || FORMATS[name]!(text);
}
