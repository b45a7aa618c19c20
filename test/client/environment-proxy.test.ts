// Rules of golang.org/x/net/http/httpproxy.
import { describe, expect, it } from 'vitest';
import { proxyFromEnvironment } from '../../src/client/environment-proxy.ts';

const P = 'http://proxy:3128';

describe('the proxy for a server', () => {
  it.each([
    { situation: 'none is named', server: 'https://a.example', env: {}, proxy: undefined },
    { situation: 'one is named', server: 'https://a.example', env: { HTTPS_PROXY: P }, proxy: P },
    { situation: 'in small letters', server: 'https://a.example', env: { https_proxy: P }, proxy: P },
    { situation: 'capitals come first', server: 'https://a.example', env: { HTTPS_PROXY: P, https_proxy: 'http://other' }, proxy: P },
    { situation: 'without a scheme', server: 'https://a.example', env: { HTTPS_PROXY: 'proxy:3128' }, proxy: P },
    { situation: 'for http only', server: 'https://a.example', env: { HTTP_PROXY: P }, proxy: undefined },
    { situation: 'http asks for its own', server: 'http://a.example', env: { HTTP_PROXY: P, HTTPS_PROXY: 'http://other' }, proxy: P },
    { situation: 'localhost', server: 'https://localhost:6443', env: { HTTPS_PROXY: P }, proxy: undefined },
    { situation: 'loopback', server: 'https://127.0.0.5:6443', env: { HTTPS_PROXY: P }, proxy: undefined },
    { situation: 'loopback, version 6', server: 'https://[::1]:6443', env: { HTTPS_PROXY: P }, proxy: undefined },
  ])('$situation', ({ server, env, proxy }) => expect(proxyFromEnvironment(server, env)).toBe(proxy));

  it.each([
    { list: '*', server: 'https://a.example', direct: true },
    { list: 'a.example', server: 'https://a.example', direct: true },
    { list: 'a.example', server: 'https://x.a.example', direct: true },
    { list: 'a.example', server: 'https://xa.example', direct: false },
    { list: '.a.example', server: 'https://a.example', direct: false },
    { list: '.a.example', server: 'https://x.a.example', direct: true },
    { list: '*.a.example', server: 'https://x.a.example', direct: true },
    { list: '*.a.example', server: 'https://a.example', direct: false },
    { list: 'b.example, A.Example ,', server: 'https://a.example', direct: true },
    { list: 'a.example:6443', server: 'https://a.example:6443', direct: true },
    { list: 'a.example:6443', server: 'https://a.example', direct: false },
    { list: 'a.example:443', server: 'https://a.example', direct: true },
    { list: '10.0.0.0/8', server: 'https://10.1.2.3:6443', direct: true },
    { list: '10.0.0.0/8', server: 'https://11.1.2.3:6443', direct: false },
    { list: '10.1.2.3', server: 'https://10.1.2.3', direct: true },
    { list: '10.1.2.3:80', server: 'https://10.1.2.3', direct: false },
    { list: 'fd00::/8', server: 'https://[fd00::1]:6443', direct: true },
    { list: '[fd00::1]:6443', server: 'https://[fd00::1]:6443', direct: true },
    { list: 'fd00::/300', server: 'https://[fd00::1]', direct: false },
    { list: '10.0.0.0/8', server: 'https://a.example', direct: false },
  ])('NO_PROXY=$list and $server: direct $direct', ({ list, server, direct }) =>
    expect(proxyFromEnvironment(server, { HTTPS_PROXY: P, NO_PROXY: list })).toBe(direct ? undefined : P),
  );
});
