// Whether an address lies in a range, for both address families.

export function inCIDR(ip: string, cidr: string): boolean {
  const [base = '', bits = ''] = cidr.split('/');
  const [address, network] = [addressBits(ip), addressBits(base)];
  if (!address || !network || address.length !== network.length) return false;
  return address.slice(0, Number(bits)) === network.slice(0, Number(bits));
}

/** As a text of 0 and 1; undefined for what is no address. */
function addressBits(ip: string): string | undefined {
  if (ip.includes(':')) {
    const [head = '', tail] = ip.split('::');
    const left = head ? head.split(':') : [];
    const right = tail ? tail.split(':') : [];
    const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
    const groups = [...left, ...Array.from({ length: Math.max(zeros, 0) }, () => '0'), ...right];
    return groups.length === 8 ? groups.map((g) => parseInt(g, 16).toString(2).padStart(16, '0')).join('') : undefined;
  }
  const parts = ip.split('.');
  return parts.length === 4 ? parts.map((p) => Number(p).toString(2).padStart(8, '0')).join('') : undefined;
}
