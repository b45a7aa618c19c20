import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/apimachinery/clock.ts';
import { Credentials } from '../../src/client/credentials.ts';
import { KubeconfigError, loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { mergeKubeconfig, writePrivate } from '../../src/client/kubeconfig-file.ts';

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-kubeconfig-'));
afterAll(() => fs.rmSync(directory, { recursive: true }));

function file(name: string, text: string): string {
  const at = path.join(directory, name);
  fs.mkdirSync(path.dirname(at), { recursive: true });
  fs.writeFileSync(at, text);
  return at;
}

const config = (name: string, user: string, extra = ''): string => `apiVersion: v1
kind: Config
current-context: ${name}
clusters:
- name: ${name}
  cluster: {server: "https://${name}.example:6443/", ${extra}certificate-authority-data: ${Buffer.from('CA').toString('base64')}}
contexts:
- name: ${name}
  context: {cluster: ${name}, user: ${name}, namespace: team}
users:
- name: ${name}
  user: ${user}
`;

describe('loading', () => {
  test('the current context is taken, with its namespace and certificates', () => {
    const at = file('a', config('a', '{token: secret}'));
    expect(loadKubeconfig({ files: [at], env: {} })).toEqual({
      context: 'a',
      namespace: 'team',
      server: 'https://a.example:6443',
      ca: 'CA',
      insecureSkipTlsVerify: false,
      token: 'secret',
    });
  });

  test('of several files in KUBECONFIG the first counts, and missing ones are left out', () => {
    const a = file('a', config('a', '{token: one}'));
    const b = file('b', config('a', '{token: two}'));
    const c = file('c', config('c', '{token: four}'));
    const env = { KUBECONFIG: [path.join(directory, 'none'), a, b, c].join(path.delimiter) };
    expect(loadKubeconfig({ env }).token).toBe('one');
    expect(loadKubeconfig({ env, context: 'c' }).token).toBe('four');
  });

  test('paths are relative to the file that names them', () => {
    file('sub/client.crt', 'CERT');
    file('sub/client.key', 'KEY');
    const at = file('sub/config', config('a', '{client-certificate: client.crt, client-key: ./client.key, tokenFile: tok}'));
    expect(loadKubeconfig({ files: [at], env: {} })).toMatchObject({
      clientCertificate: 'CERT',
      clientKey: 'KEY',
      tokenFile: path.join(directory, 'sub/tok'),
    });
  });

  test.each([
    ['a file that is not there', () => path.join(directory, 'none'), undefined, /cannot be read \(ENOENT\)/],
    ['no YAML', () => file('bad', 'a: [}'), undefined, /bad: /],
    ['an unknown context', () => file('a', config('a', '{}')), 'x', /there is no context "x"/],
    ['a server without a scheme', () => file('s', config('a', '{}').replace('https://', '')), undefined, /is no URL/],
    ['a user who is not there', () => file('u', config('a', '{}').replace('user: a,', 'user: b,')), undefined, /user "b" who is not there/],
  ])('%s is told with a hint', (_, at, context, message) => {
    const load = (): unknown => loadKubeconfig({ files: [at()], env: {}, ...(context === undefined ? {} : { context }) });
    expect(load).toThrow(KubeconfigError);
    expect(load).toThrow(message);
  });
});

describe('credentials', () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const plugin = (output: string): string => {
    const at = file('plugin', `#!/bin/sh\necho x >> ${directory}/calls\ncat <<'END'\n${output}\nEND\n`);
    fs.chmodSync(at, 0o755);
    return at;
  };

  test('an exec plugin is asked once, and again when its token has ended', async () => {
    plugin('{"kind":"ExecCredential","status":{"token":"t1","expirationTimestamp":"2026-01-01T00:10:00Z"}}');
    const at = file('exec', config('a', '{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin}}'));
    const credentials = new Credentials(loadKubeconfig({ files: [at], env: {} }), clock);
    const calls = (): number => fs.readFileSync(path.join(directory, 'calls'), 'utf8').length / 2;
    expect((await credentials.get()).headers).toEqual({ authorization: 'Bearer t1' });
    await credentials.get();
    expect(calls()).toBe(1);
    await clock.advance(600_000);
    await credentials.get();
    expect(calls()).toBe(2);
  });

  test.each([
    ['answers with something else', 'hello', /does not answer with JSON/],
    ['gives nothing', '{"status":{}}', /neither a token nor a certificate/],
  ])('a plugin that %s is told', async (_, output, message) => {
    plugin(output);
    const at = file('exec', config('a', '{exec: {command: ./plugin}}'));
    await expect(new Credentials(loadKubeconfig({ files: [at], env: {} }), clock).get()).rejects.toThrow(message);
  });

  test('who is impersonated is said in headers', async () => {
    const at = file('as', config('a', '{token: t, as: jane, as-groups: [dev, ops]}'));
    expect((await new Credentials(loadKubeconfig({ files: [at], env: {} }), clock).get()).headers).toEqual({
      authorization: 'Bearer t',
      'impersonate-user': 'jane',
      'impersonate-group': ['dev', 'ops'],
    });
  });
});

describe('merging', () => {
  const old = `# mine
apiVersion: v1
kind: Config
current-context: work # do not touch
clusters:
- name: work
  cluster: {server: https://work}
contexts: []
`;

  test('what is there stays, comments too, and the current context', () => {
    const merged = mergeKubeconfig(old, config('a', '{token: t}'), { file: 'f', use: false });
    expect(merged).toContain('# mine');
    expect(merged).toContain('current-context: work # do not touch');
    const at = file('merged', merged);
    expect(loadKubeconfig({ files: [at], env: {}, context: 'a' }).token).toBe('t');
  });

  test('the same name is replaced, not doubled', () => {
    const once = mergeKubeconfig(old, config('a', '{token: t}'), { file: 'f', use: true });
    const twice = mergeKubeconfig(once, config('a', '{token: u}'), { file: 'f', use: true });
    expect(twice.match(/name: a\b/g)).toHaveLength(once.match(/name: a\b/g)!.length);
    expect(loadKubeconfig({ files: [file('twice', twice)], env: {} })).toMatchObject({ context: 'a', token: 'u' });
  });

  test('a file that cannot be read as YAML is left as it is', () => {
    expect(() => mergeKubeconfig('a: [}', config('a', '{}'), { file: 'f', use: false })).toThrow(/it was left as it is|f: /);
  });

  test('only its owner may read what is written', () => {
    const at = path.join(directory, 'new/dir/config');
    writePrivate(at, 'x');
    expect(fs.statSync(at).mode & 0o777).toBe(0o600);
  });
});
