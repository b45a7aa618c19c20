// The shell of the GitHub Action and of the GitLab job, with a jibe, a gh and a curl that only write down how they are called.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';

const MARKER = '<!-- jibe preview: shop -->';
let directory: string;

const at = (...parts: string[]): string => path.join(directory, ...parts);
const called = (): string[] => (fs.existsSync(at('calls')) ? fs.readFileSync(at('calls'), 'utf8').trimEnd().split('\n') : []);

/** A program on the PATH. @param then what it does besides writing down its arguments */
function fake(name: string, then: string): void {
  const script = `#!/usr/bin/env bash\nprintf '%s' ${name} >> "$CALLS"; printf ' [%s]' "$@" >> "$CALLS"; echo >> "$CALLS"\n${then}\n`;
  fs.writeFileSync(at('bin', name), script, { mode: 0o755 });
}

const REPORTS = `for arg in "$@"; do case "$arg" in markdown=*) printf '%s\\nIt is fine.\\n' '${MARKER}' > "\${arg#markdown=}";; esac; done`;

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'jibe-ci-'));
  fs.mkdirSync(at('bin'));
  fake('jibe', REPORTS);
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

function run(file: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync(file, args, {
    cwd: directory,
    encoding: 'utf8',
    env: { PATH: `${at('bin')}:${process.env['PATH']}`, CALLS: at('calls'), ...env },
  });
  return { status, stdout, stderr };
}

const preview = (env: Readonly<Record<string, string>>) =>
  run(path.resolve('ci/preview.sh'), [], {
    JIBE_REPORTS: at('reports'),
    GITHUB_OUTPUT: at('output'),
    GITHUB_STEP_SUMMARY: at('summary'),
    ...env,
  });

test('the action previews base against head once, with every report', () => {
  expect(preview({ JIBE_BASE: 'origin/main', JIBE_PATH: 'de ploy', JIBE_BASELINE: 'accepted.yaml' }).status).toBe(0);
  const reports = ['markdown=R.md', 'html=R.html', 'junit=R.xml', 'sarif=R.sarif', 'json=R.json']
    .map((one) => `[--report] [${one}]`)
    .join(' ');
  expect(called().map((line) => line.replaceAll(at('reports', 'preview'), 'R'))).toEqual([
    `jibe [preview] [.] [--base] [origin/main] [--head] [HEAD] [--fail-on] [error] [--quiet] ${reports} [--path] [de ploy] [--baseline] [accepted.yaml]`,
  ]);
  expect(fs.readFileSync(at('output'), 'utf8')).toBe('code=0\n');
  expect(fs.readFileSync(at('summary'), 'utf8')).toBe(`${MARKER}\nIt is fine.\n`);
});

test('files of values of a chart, one a line', () => {
  expect(preview({ JIBE_BASE: 'main', JIBE_VALUES: 'values-prod.yaml\n\nwith space.yaml\n' }).status).toBe(0);
  expect(called()[0]).toMatch(/ \[--values\] \[values-prod\.yaml\] \[--values\] \[with space\.yaml\]$/);
});

test('a hazard is an output, and what could not be done is a failure', () => {
  fake('jibe', `${REPORTS}\nexit 1`);
  expect(preview({ JIBE_BASE: 'main' }).status).toBe(0);
  expect(fs.readFileSync(at('output'), 'utf8')).toBe('code=1\n');
  fake('jibe', 'exit 2');
  expect(preview({ JIBE_BASE: 'main' }).status).toBe(2);
  expect(preview({}).stderr).toContain('give the input base');
});

test('input is never run as code', () => {
  const evil = '$(touch evil) `touch evil` "; touch evil; "';
  expect(preview({ JIBE_BASE: evil, JIBE_HEAD: evil, JIBE_APP: evil }).status).toBe(0);
  expect(called()[0]).toContain(`[--base] [${evil}]`);
  expect(fs.existsSync(at('evil'))).toBe(false);
});

test('a base that a shallow checkout lacks is fetched', () => {
  const commit = '0123456789abcdef0123456789abcdef01234567';
  fake('git', '[[ $1 == fetch ]]');
  expect(preview({ JIBE_BASE: commit }).status).toBe(0);
  expect(called().slice(0, 2)).toEqual([
    `git [cat-file] [-e] [${commit}^{commit}]`,
    `git [fetch] [--quiet] [--no-tags] [--depth=1] [origin] [${commit}]`,
  ]);
});

const comment = (comments: readonly object[], text = `${MARKER}\nIt is fine.\n`) => {
  fs.writeFileSync(at('comments.json'), JSON.stringify(comments));
  fs.writeFileSync(at('preview.md'), text);
  fake('gh', `[[ $* == *per_page* ]] && cat ${at('comments.json')} || true`);
  return run(path.resolve('ci/github-comment.sh'), [], { JIBE_REPORT: 'preview.md', GITHUB_REPOSITORY: 'o/r', JIBE_PULL_REQUEST: '7' });
};

const by = (login: string, id: number, body: string) => ({ id, body, user: { login } });

test('the first comment is made', () => {
  expect(comment([by('github-actions[bot]', 1, 'hello')]).stdout).toBe('A comment is made.\n');
  expect(called()).toEqual([
    'gh [api] [--paginate] [repos/o/r/issues/7/comments?per_page=100]',
    'gh [api] [--method] [POST] [repos/o/r/issues/7/comments] [--field] [body=@preview.md] [--silent]',
  ]);
});

test('its own comment of the same app is updated in place, and no other', () => {
  const comments = [
    by('mallory', 1, `${MARKER}\nmine`),
    by('github-actions[bot]', 2, '<!-- jibe preview: other -->\n'),
    by('github-actions[bot]', 3, `${MARKER}\nold`),
  ];
  expect(comment(comments).stdout).toBe('Comment 3 is updated.\n');
  expect(called()[1]).toBe('gh [api] [--method] [PATCH] [repos/o/r/issues/comments/3] [--field] [body=@preview.md] [--silent]');
});

test('a token that may not write is told and does not fail; another file is refused', () => {
  fs.writeFileSync(at('preview.md'), `${MARKER}\n`);
  fake('gh', 'exit 1');
  const env = { JIBE_REPORT: 'preview.md', GITHUB_REPOSITORY: 'o/r', JIBE_PULL_REQUEST: '7' };
  const { status, stdout } = run(path.resolve('ci/github-comment.sh'), [], env);
  expect(status).toBe(0);
  expect(stdout).toContain('::warning::');
  expect(comment([], 'anything else\n').status).toBe(2);
});

test('the GitLab job previews, keeps its note and ends with the code of the preview', () => {
  const { script } = (parse(fs.readFileSync('ci/gitlab.yml', 'utf8')) as { 'jibe-preview': { script: string[] } })['jibe-preview'];
  const notes = [
    { id: 4, body: 'hello' },
    { id: 5, body: `${MARKER}\nold` },
  ];
  fs.writeFileSync(at('notes.json'), JSON.stringify(notes));
  fake('jibe', `${REPORTS}\nexit 1`);
  fake('curl', `[[ $* == *per_page* ]] && cat ${at('notes.json')} || true`);
  const env = {
    CI_MERGE_REQUEST_DIFF_BASE_SHA: 'base',
    CI_COMMIT_SHA: 'head',
    JIBE_FAIL_ON: 'error',
    JIBE_PATH: 'deploy',
    JIBE_BASELINE: '',
    JIBE_TOKEN: 't',
    CI_API_V4_URL: 'https://gitlab.example/api/v4',
    CI_PROJECT_ID: '1',
    CI_MERGE_REQUEST_IID: '2',
  };
  expect(run('sh', ['-e', '-c', script.join('\n')], env).status).toBe(1);
  const [ran, , put] = called();
  expect(ran).toContain('jibe [preview] [.] [--base] [base] [--head] [head]');
  expect(put).toContain('[body@preview.md] [--request] [PUT] [https://gitlab.example/api/v4/projects/1/merge_requests/2/notes/5]');
});

test('the action hands input over by environment only', () => {
  const { runs } = parse(fs.readFileSync('action.yml', 'utf8')) as { runs: { steps: readonly { run?: string }[] } };
  expect(runs.steps.filter(({ run: script }) => script?.includes('${{'))).toEqual([]);
});

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;

test(`shellcheck finds nothing${hasShellcheck ? '' : ' (it is not on this machine)'}`, () => {
  if (hasShellcheck) execFileSync('shellcheck', ['ci/preview.sh', 'ci/github-comment.sh'], { encoding: 'utf8' });
});
