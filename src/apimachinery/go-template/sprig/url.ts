// sprig's functions on URLs. Follows Go's net/url.
import { quote } from '../../go-text.ts';
import { go, type TemplateFunctions } from '../signature.ts';
import { FunctionError } from '../template-error.ts';
import { bytesOf, kindName, textOfBytes } from '../values.ts';

interface Url {
  readonly scheme: string;
  readonly opaque: string;
  readonly userinfo: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
}

export const SPRIG_URL: TemplateFunctions = {
  urlParse: go('(string) map[string]any', (text: string) => {
    const wrong = (of: string, why: string): FunctionError => new FunctionError(`unable to parse url: parse ${quote(of)}: ${why}`);
    const url = parseUrl(text, wrong);
    const hostname = url.host.startsWith('[') ? (/^\[([^\]]*)\]/.exec(url.host)?.[1] ?? url.host) : url.host.replace(/:[^:]*$/, '');
    return { ...url, hostname };
  }),
  urlJoin: go('(map[string]any) string', urlText),
};

/** @param refuse told in which text something is wrong: a fragment is not looked at until the rest is read */
function parseUrl(text: string, refuse: (of: string, why: string) => FunctionError): Url {
  const [beforeFragment, rawFragment] = cut(text, '#');
  const wrong = (why: string): FunctionError => refuse(beforeFragment, why);
  const url = parseWithoutFragment(beforeFragment, wrong);
  return { ...url, fragment: unescaped(rawFragment, (why) => refuse(text, why)) };
}

function parseWithoutFragment(beforeFragment: string, wrong: (why: string) => FunctionError): Url {
  if (/[\0-\x1f\x7f]/.test(beforeFragment)) throw wrong('net/url: invalid control character in URL');
  const empty = { scheme: '', opaque: '', userinfo: '', host: '', path: '', query: '', fragment: '' };
  if (beforeFragment === '*') return { ...empty, path: '*' };
  if (beforeFragment.startsWith(':')) throw wrong('missing protocol scheme');
  const scheme = /^([a-zA-Z][\w+.-]*):/.exec(beforeFragment)?.[1] ?? '';
  const behind = scheme === '' ? beforeFragment : beforeFragment.slice(scheme.length + 1);
  const [rest, query] = cut(behind, '?');
  const found = { ...empty, scheme: scheme.toLowerCase(), query };
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { ...found, opaque: rest };
    if (cut(rest, '/')[0].includes(':')) throw wrong('first path segment in URL cannot contain colon');
  }
  if ((scheme === '' && rest.startsWith('///')) || !rest.startsWith('//')) return { ...found, path: unescaped(rest, wrong) };
  const slash = rest.indexOf('/', 2);
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  const path = slash < 0 ? '' : rest.slice(slash);
  return { ...found, ...parseAuthority(authority, wrong), path: unescaped(path, wrong) };
}

function parseAuthority(authority: string, wrong: (why: string) => FunctionError): Pick<Url, 'userinfo' | 'host'> {
  const at = authority.lastIndexOf('@');
  const host = unescaped(authority.slice(at + 1), wrong);
  const port = host.startsWith('[') ? host.slice(host.lastIndexOf(']') + 1) : /:[^:]*$/.exec(host)?.[0];
  if (host.startsWith('[') && !host.includes(']')) throw wrong("missing ']' in host");
  if (port && !/^:\d*$/.test(port)) throw wrong(`invalid port ${quote(port)} after host`);
  if (/[ "<>\\^`{|}]/.test(host)) throw wrong(`invalid character ${quote(/[ "<>\\^`{|}]/.exec(host)![0])} in host name`);
  if (at < 0) return { userinfo: '', host };
  const userinfo = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(userinfo)) throw wrong('net/url: invalid userinfo');
  const [user, password] = cut(userinfo, ':');
  const of = (text: string): string => escaped(unescaped(text, wrong), /[\w\-.~$&+,;=]/);
  return { userinfo: userinfo.includes(':') ? `${of(user)}:${of(password)}` : of(user), host };
}

function cut(text: string, separator: string): readonly [before: string, after: string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

function unescaped(text: string, wrong: (why: string) => FunctionError): string {
  const bad = /%(?![\da-fA-F]{2}).{0,2}/su.exec(text);
  if (bad) throw wrong(`invalid URL escape ${quote(bad[0])}`);
  if (!text.includes('%')) return text;
  const bytes = text.split(/(%[\da-fA-F]{2})/).flatMap((part, i) => (i % 2 ? [parseInt(part.slice(1), 16)] : [...bytesOf(part)]));
  return textOfBytes(Uint8Array.from(bytes));
}

function escaped(text: string, plain: RegExp): string {
  return Array.from(bytesOf(text), (byte) => {
    const c = String.fromCharCode(byte);
    return byte < 0x80 && plain.test(c) ? c : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

function urlText(dictionary: Readonly<Record<string, unknown>>): string {
  const of = (key: string): string => {
    const value = Object.hasOwn(dictionary, key) ? dictionary[key] : '';
    if (typeof value === 'string') return value;
    throw new FunctionError(`unable to parse ${key} key, must be of type string, but ${kindName(value)} found`);
  };
  const [scheme, opaque, host, path] = [of('scheme'), of('opaque'), of('host'), of('path')];
  const [query, fragment] = [of('query'), of('fragment')];
  const userinfo =
    of('userinfo') === ''
      ? ''
      : parseAuthority(
          `${of('userinfo')}@host`,
          (why) => new FunctionError(`unable to parse userinfo in dict: parse ${quote(`proto://${of('userinfo')}@host`)}: ${why}`),
        ).userinfo;
  let out = scheme === '' ? '' : `${scheme}:`;
  if (opaque !== '') out += opaque;
  else {
    if (scheme !== '' || host !== '' || userinfo !== '') {
      if (host !== '' || path !== '' || userinfo !== '') out += '//';
      if (userinfo !== '') out += `${userinfo}@`;
      out += escaped(host, /[\w\-.~!$&'()*+,;=:[\]<>"]/);
    }
    const written = path === '*' ? '*' : escaped(path, /[\w\-.~$&+,/:;=@]/);
    if (written !== '' && !written.startsWith('/') && host !== '') out += '/';
    if (out === '' && cut(written, '/')[0].includes(':')) out += './';
    out += written;
  }
  if (query !== '') out += `?${query}`;
  if (fragment !== '') out += `#${escaped(fragment, /[\w\-.~$&+,/:;=?@!()*]/)}`;
  return out;
}
