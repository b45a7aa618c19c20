// What commands in simulated containers do: the programs, the shell, and the files of volumes.
import { gunzipSync } from 'node:zlib';
import type { Container, Pod } from '#api/core/v1';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { ExecEnd } from '../../../src/apimachinery/node-api.ts';
import { containerView } from '../../../src/cluster/kubelet/container-view.ts';
import { FileSystem } from '../../../src/cluster/kubelet/runtime/simulated/shell/file-system.ts';
import { ShellSession } from '../../../src/cluster/kubelet/runtime/simulated/shell/shell.ts';
import { readTar, writeTar } from '../../../src/cluster/kubelet/runtime/simulated/shell/tar.ts';

const container = {
  name: 'main',
  image: 'app',
  env: [
    { name: 'A', value: 'one' },
    { name: 'B', value: '$(A)-two $$(A) $(NONE)' },
    { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
    { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
    { name: 'GONE', valueFrom: { configMapKeyRef: { name: 'none', key: 'x', optional: true } } },
  ],
  envFrom: [{ prefix: 'CFG_', configMapRef: { name: 'cfg' } }],
  resources: { limits: { cpu: '250m' } },
  volumeMounts: [
    { name: 'cfg', mountPath: '/etc/cfg' },
    { name: 'secret', mountPath: '/etc/one', subPath: 'key' },
    { name: 'scratch', mountPath: '/data' },
  ],
} as unknown as Container;
const pod = {
  metadata: { name: 'web-0', namespace: 'shop', labels: { app: 'web' } },
  spec: {
    containers: [container],
    volumes: [
      { name: 'cfg', configMap: { name: 'cfg', items: [{ key: 'a', path: 'deep/a.conf' }] } },
      { name: 'secret', secret: { secretName: 'sec' } },
      { name: 'scratch', emptyDir: {} },
    ],
  },
} as unknown as Pod;
const view = containerView(pod, container, {
  configMap: (_, name) => (name === 'cfg' ? ({ data: { a: 'x=1\n' } } as never) : undefined),
  secret: (_, name) => (name === 'sec' ? ({ data: { key: Buffer.from('hidden').toString('base64') } } as never) : undefined),
  claim: () => undefined,
});

async function run(
  command: readonly string[],
  input?: string | Uint8Array,
  files = new FileSystem(),
): Promise<{ out: string; err: string; end: ExecEnd; raw: Buffer }> {
  const options = { container: 'main', command, stdin: input !== undefined, stdout: true, stderr: true, tty: false };
  const session = new ShellSession(options, { clock: new VirtualClock(Date.UTC(2026, 0, 1)), view, files });
  const seen = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const end = session.start((name, data) => seen[name].push(data));
  if (input !== undefined) {
    session.write(Buffer.from(input));
    session.endInput();
  }
  const text = (parts: Uint8Array[]): string => Buffer.concat(parts).toString('utf8');
  const ended = await end;
  return { out: text(seen.stdout), err: text(seen.stderr), end: ended, raw: Buffer.concat(seen.stdout) };
}

const sh = (script: string): readonly string[] => ['sh', '-c', script];

describe('the environment is what Kubernetes makes of it', () => {
  test.each([
    ['A', 'one'],
    ['B', 'one-two $(A) $(NONE)'],
    ['POD', 'web-0'],
    ['APP', 'web'],
    ['CPU', '250'],
    ['CFG_a', 'x=1\n'],
    ['HOSTNAME', 'web-0'],
  ])('%s', (name, value) => expect(view.env.get(name)).toBe(value));

  test('an optional reference that leads nowhere is no variable', () => expect(view.env.has('GONE')).toBe(false));
});

describe('commands', () => {
  test.each<[string, readonly string[], string, number]>([
    ['a program', ['echo', 'a', 'b'], 'a b\n', 0],
    ['a program by its path', ['/bin/hostname'], 'web-0\n', 0],
    ['a file of a volume, where items put it', ['cat', '/etc/cfg/deep/a.conf'], 'x=1\n', 0],
    ['a file that subPath mounts', ['cat', '/etc/one'], 'hidden', 0],
    ['a variable', sh('echo $A "${A}" \'$A\' ${NO:-other}'), 'one one $A other\n', 0],
    ['an assignment', sh('X=5; echo $X'), '5\n', 0],
    ['&& after a failure', sh('false && echo no; echo yes'), 'yes\n', 0],
    ['|| after a failure', sh('false || echo yes'), 'yes\n', 0],
    ['an exit code', sh('echo a; exit 3; echo b'), 'a\n', 3],
    ['the code of the last command', sh('echo a; false'), 'a\n', 1],
    ['a pipe', sh('printenv | grep POD'), 'POD=web-0\n', 0],
    ['a redirection', sh('echo a > /tmp/f; echo b >> /tmp/f; cat /tmp/f'), 'a\nb\n', 0],
    ['a directory', sh('mkdir -p /data/x && touch /data/x/f && ls /data/x'), 'f\n', 0],
    ['a test', sh('[ -f /etc/one ] && [ ! -d /none ] && echo both'), 'both\n', 0],
    ['a directory that is changed', sh('cd /etc/cfg; pwd; ls'), '/etc/cfg\ndeep\n', 0],
    ['separators in quotes', sh('echo "a;b|c>d"'), 'a;b|c>d\n', 0],
  ])('%s', async (_, command, out, code) => {
    const done = await run(command);
    expect(done.out).toBe(out);
    expect(done.end).toEqual({ exitCode: code });
  });

  test.each<[string, readonly string[], string]>([
    ['no such file', ['cat', '/none'], 'cat: /none: No such file or directory\n'],
    [
      'a file of a ConfigMap is read-only',
      sh('echo a > /etc/cfg/deep/a.conf'),
      "sh: can't create /etc/cfg/deep/a.conf: Read-only file system\n",
    ],
    ['no such program in a script', sh('nope'), 'sh: nope: not found\n'],
  ])('%s is told', async (_, command, err) => {
    const done = await run(command);
    expect(done.err).toBe(err);
    expect(done.end).not.toEqual({ exitCode: 0 });
  });

  test('no such program fails as a container runtime says it', async () => {
    expect((await run(['nope'])).end).toEqual({
      failure:
        'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
    });
  });

  test('a shell reads commands from its input', async () => {
    expect(await run(['sh'], 'echo a\ncd /etc\npwd\nexit 4\necho b\n')).toMatchObject({ out: 'a\n/etc\n', end: { exitCode: 4 } });
  });

  test('what is written is there for the next command', async () => {
    const files = new FileSystem();
    await run(sh('echo kept > /tmp/f'), undefined, files);
    expect((await run(['cat', '/tmp/f'], undefined, files)).out).toBe('kept\n');
  });

  test('no more than its bound may be written', async () => {
    const files = new FileSystem();
    expect((await run(sh('cat > /tmp/f'), Buffer.alloc(17 * 2 ** 20), files)).err).toMatch(/No space left on device/);
  });
});

describe('archives', () => {
  const long = `${'d/'.repeat(80)}file`;

  test('what kubectl cp sends is unpacked, and never outside of the directory', async () => {
    const files = new FileSystem();
    const archive = writeTar(
      [
        { name: 'in/one', directory: false, content: Buffer.from('1') },
        { name: '../../etc/two', directory: false, content: Buffer.from('2') },
      ],
      0,
    );
    await run(['tar', '-xmf', '-', '-C', '/tmp'], archive, files);
    expect((await run(sh('cat /tmp/in/one /tmp/etc/two; ls /etc/two'), undefined, files)).out).toBe('12');
  });

  test('what is copied out can be read', async () => {
    const { raw } = await run(['tar', 'cf', '-', '/etc/cfg/deep/a.conf']);
    expect(readTar(raw)).toEqual([{ name: 'etc/cfg/deep/a.conf', directory: false, content: Buffer.from('x=1\n') }]);
  });

  test('names are kept as they were given, below the directory that -C names', async () => {
    const { raw } = await run(['tar', 'zcf', '-', '-C', '/etc/cfg', 'deep']);
    expect(readTar(gunzipSync(raw))).toEqual([{ name: 'deep/a.conf', directory: false, content: Buffer.from('x=1\n') }]);
  });

  test('long names survive', () => {
    const [entry] = readTar(writeTar([{ name: long, directory: false, content: Buffer.from('x') }], 0));
    expect(entry?.name).toBe(long);
  });

  test('what is no archive is refused', () => expect(() => readTar(Buffer.alloc(1024, 'x'))).toThrow(/invalid tar header/));
});
