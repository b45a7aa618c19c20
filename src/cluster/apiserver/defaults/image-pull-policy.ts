// When an image is pulled where the manifest does not say: always if its tag is `latest` (or it has neither tag nor digest).
// The grammar is that of distribution's reference package; what is no reference has no tag.

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const DOMAIN_COMPONENT = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const TAIL = `(?<repository>${COMPONENT}(?:/${COMPONENT})*)(?::(?<tag>\\w[\\w.-]{0,127}))?(?:@(?<digest>${DIGEST}))?`;
const WITHOUT_DOMAIN = new RegExp(`^${TAIL}$`);
const WITH_DOMAIN = new RegExp(`^${DOMAIN}/${TAIL}$`);
const MAX_REPOSITORY = 255;
/** What a bare name is looked for under. */
const OFFICIAL = 'library/';
const IDENTIFIER = /^[a-f0-9]{64}$/;

export function defaultImagePullPolicy(image: string | undefined): 'Always' | 'IfNotPresent' {
  return image && tagOf(image) === 'latest' ? 'Always' : 'IfNotPresent';
}

/** The tag, `latest` where neither tag nor digest is given; undefined for what has none or is no reference at all. */
function tagOf(image: string): string | undefined {
  if (IDENTIFIER.test(image)) return undefined;
  const isOfRegistry = hasDomain(image);
  const match = (isOfRegistry ? WITH_DOMAIN : WITHOUT_DOMAIN).exec(image);
  if (!match) return undefined;
  const { repository = '', tag, digest } = match.groups ?? {};
  const isOfficial = !repository.includes('/') && (!isOfRegistry || /^(?:index\.)?docker\.io\//.test(image));
  if (repository.length + (isOfficial ? OFFICIAL.length : 0) > MAX_REPOSITORY) return undefined;
  return tag ?? (digest === undefined ? 'latest' : undefined);
}

/** The first part is a registry if it looks like a host: a dot, a port, a capital letter, or `localhost`. */
function hasDomain(image: string): boolean {
  const slash = image.indexOf('/');
  if (slash < 0) return false;
  const first = image.slice(0, slash);
  return first === 'localhost' || /[.:A-Z]/.test(first);
}
