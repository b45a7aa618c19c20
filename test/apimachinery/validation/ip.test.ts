import { expect, it } from 'vitest';
import { isValidIP, isValidIPForLegacyField } from '../../../src/apimachinery/validation/ip.ts';

const NO_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

it.each([
  ['10.0.0.1', undefined, undefined],
  ['2001:db8::1', undefined, undefined],
  ['010.0.0.1', 'must not have leading 0s', undefined],
  ['::ffff:10.0.0.1', 'must not be an IPv4-mapped IPv6 address', undefined],
  ['fe80::1%eth0', NO_IP, NO_IP],
  ['10.0.0.256', NO_IP, NO_IP],
  ['0300.0.0.1', NO_IP, NO_IP],
  ['10.0.0', NO_IP, NO_IP],
  ['', NO_IP, NO_IP],
])('%s', (value, strict, legacy) => {
  expect(isValidIP(value)).toEqual(strict ? [strict] : []);
  expect(isValidIPForLegacyField(value)).toEqual(legacy ? [legacy] : []);
});
